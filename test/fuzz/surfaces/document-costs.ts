import { setImmediate } from 'node:timers/promises';
import { createSourceEventStream, type ExecutionResult, executeSync, GraphQLError } from 'graphql';
import { DEFAULT_QUERY_LIMITS, LIMIT_CODES, type QueryLimits } from '../../../src/graphql/limits.js';
import { createOperations, type PreparedOperation } from '../../../src/graphql/operation.js';
import { createSchema } from '../../../src/graphql/schema.js';
import type { Store } from '../../../src/store/store.js';
import { createSubscriptionResolvers } from '../../../src/subscriptions/subscription-resolvers.js';
import {
  type DocumentRequest,
  type Lengths,
  lengthsOf,
  type SchemaDocument,
  schemaDocuments,
} from '../arbitraries/schema-documents.js';
import { storeOf, storeWithDemo, storeWithOneLive } from '../harness/cost-stores.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const schema = createSchema(createSubscriptionResolvers(), { federation: true });

/** Mostly small ones: what is wrong shows there, too, and an answer is executed in no time. */
const STORES: readonly Store[] = [
  ...[storeOf([12]), storeOf([0, 1, 3, 12]), storeOf([3]), storeOf([0, 1, 3, 12])],
  ...[storeWithOneLive([0, 1, 12]), storeWithDemo(12), storeOf([]), storeOf(new Array<number>(12).fill(20))],
];

const FEW = 1_000;
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** The most fields of an answer that is executed. */
const EXECUTED = 50_000;

// Nothing is rejected but by its cost and its lengths, so that the cost is looked at of large documents, too.
const unlimited = operationsWith(UNLIMITED);
const usual = operationsWith(DEFAULT_QUERY_LIMITS.complexity);
const strict = operationsWith(FEW);

/** Documents made of the schema: none may give an answer of more fields than it was said to cost, and the limits go by that. */
export const documentCosts = defineSurface({
  name: 'document-costs',
  share: 100,
  arbitrary: schemaDocuments(schema, {
    ids: ['s3/Tiltfile', 's0/Tiltfile', 's1/Tiltfile', 'gone/Tiltfile', 's1/Tiltfile#t1:serve', '#', ''],
    names: ['t1:serve', 'api', 's1', 'both'],
    textLength: DEFAULT_QUERY_LIMITS.textLength,
    listLength: DEFAULT_QUERY_LIMITS.listLength,
  }),
  count: ({ requests }) => requests.length,
  async check(document) {
    for (const request of document.requests) await checkRequest(document, request);
  },
});

async function checkRequest(
  { query, operation, lengths }: SchemaDocument,
  { variables, choice }: DocumentRequest,
): Promise<void> {
  const store = STORES[choice % STORES.length];
  if (!store) throw new Error('Expected a store.');
  const contextValue = { store, version: 'fuzz', scope: '', lastEventId: null };
  const prepared = unlimited.prepare({ query, variables }, contextValue);
  const expected = [...overLengths(lengths), ...overLengths(lengthsOf(variables))];
  if (!('document' in prepared)) {
    for (const error of prepared) mustBeExpected(error, expected);
    return;
  }
  if (expected.length > 0) throw new Violation('a document above a limit is accepted', expected.join());
  mustBeLimited(usual.costOf(prepared, contextValue), DEFAULT_QUERY_LIMITS.complexity, prepared);
  mustBeLimited(strict.costOf(prepared, contextValue), FEW, prepared);
  if (prepared.cost > EXECUTED) return;
  const result = operation === 'query' ? executeQuietly(prepared) : await firstPayload(prepared);
  if (result !== null) mustCostEnough(result, prepared.cost);
}

function operationsWith(complexity: number) {
  const none: Partial<QueryLimits> = {
    tokens: UNLIMITED,
    depth: UNLIMITED,
    aliases: UNLIMITED,
    directives: UNLIMITED,
  };
  const limits = { ...DEFAULT_QUERY_LIMITS, ...none, complexity };
  return createOperations({ schema, limits, introspection: true, documents: null });
}

function overLengths({ text, list }: Lengths): string[] {
  return [
    ...(text > DEFAULT_QUERY_LIMITS.textLength ? [LIMIT_CODES.textLength] : []),
    ...(list > DEFAULT_QUERY_LIMITS.listLength ? [LIMIT_CODES.listLength] : []),
  ];
}

function mustBeExpected({ message, extensions }: GraphQLError, expected: readonly string[]): void {
  if (!expected.includes(String(extensions.code)))
    throw new Violation('a document of the schema is rejected', message);
}

/** The verdict of a limit goes by the cost, and nothing else. */
function mustBeLimited(verdict: number | GraphQLError, limit: number, { cost }: PreparedOperation): void {
  const isRight =
    verdict instanceof GraphQLError
      ? cost > limit && verdict.extensions.code === LIMIT_CODES.complexity
      : cost <= limit && verdict === cost;
  if (!isRight) throw new Violation(`a cost of ${cost} and the verdict of ${limit}`, String(verdict));
}

function mustCostEnough({ data, errors = [] }: ExecutionResult, cost: number): void {
  const fields = countFields(data);
  if (fields > cost)
    throw new Violation(
      'an answer has more fields than the document was said to cost',
      `${fields} > ${cost}`,
    );
  const fault = errors.find(({ originalError }) => originalError && !(originalError instanceof GraphQLError));
  if (fault) throw new Violation('a resolver fails', fault.message);
}

/** Stacks take longer than the execution of what they are about: every item of a list may have an error. */
function executeQuietly(prepared: PreparedOperation) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return executeSync(prepared);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The result of a subscription's first event; null where there is none yet. */
async function firstPayload(prepared: PreparedOperation): Promise<ExecutionResult | null> {
  const source = await createSourceEventStream(prepared);
  if (!(Symbol.asyncIterator in source)) return source;
  const events = source[Symbol.asyncIterator]();
  const first = await Promise.race([events.next(), setImmediate(null)]);
  await events.return?.();
  return first === null || first.done ? null : executeQuietly({ ...prepared, rootValue: first.value });
}

/** The fields of an answer; an item of a list of texts is one, too. */
function countFields(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce((sum: number, item) => sum + (typeof item === 'object' ? countFields(item) : 1), 0);
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countFields(member), 0);
}
