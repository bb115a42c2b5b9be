import { createSourceEventStream, type ExecutionResult, executeSync, GraphQLError } from 'graphql';
import { DEFAULT_QUERY_LIMITS, LIMIT_CODES, type QueryLimits } from '../../../src/graphql/limits.js';
import { createOperations, type PreparedOperation } from '../../../src/graphql/operation.js';
import { costWithin } from '../../../src/graphql/query-limits.js';
import { createSchema } from '../../../src/graphql/schema.js';
import { systemClock } from '../../../src/lib/clock.js';
import type { Store } from '../../../src/store/store.js';
import { createLogBatches } from '../../../src/subscriptions/log-batches.js';
import { snapshotEvent } from '../../../src/subscriptions/projection.js';
import { isSource, subscriptionResolvers } from '../../../src/subscriptions/subscription-resolvers.js';
import {
  type DocumentRequest,
  type Lengths,
  measureLengths,
  type SchemaDocument,
  schemaDocuments,
} from '../arbitraries/schema-documents.js';
import { storeWith, storeWithDemo, storeWithOneLive } from '../harness/cost-stores.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const schema = createSchema(subscriptionResolvers, { federation: true });

/** Mostly small stores, which show mistakes too and execute fast. */
const STORES: readonly Store[] = [
  ...[storeWith([12]), storeWith([0, 1, 3, 12]), storeWith([3]), storeWith([0, 1, 3, 12])],
  ...[
    storeWithOneLive([0, 1, 12]),
    storeWithDemo(12),
    storeWith([]),
    storeWith(new Array<number>(12).fill(20)),
  ],
];

const STRICT_COMPLEXITY = 1_000;
const UNLIMITED = Number.MAX_SAFE_INTEGER;
/** Maximum cost of an operation that is executed. */
const MAX_EXECUTED_COST = 50_000;

// Only cost and lengths are limited, so that the costs of large documents are checked too.
const unlimited = operationsWith(UNLIMITED);

/**
 * Documents generated from the schema. No answer may have more fields than its estimated cost, and the
 * complexity limit must use that cost.
 */
export const documentCosts = defineSurface({
  name: 'document-costs',
  share: 100,
  arbitrary: schemaDocuments(schema, {
    ids: ['s3/Tiltfile', 's0/Tiltfile', 's1/Tiltfile', 'gone/Tiltfile', 's1/Tiltfile#t1:serve', '#', ''],
    names: ['t1:serve', 'api', 's1', 'both'],
    stringLength: DEFAULT_QUERY_LIMITS.stringLength,
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
  const expected = [...overLengths(lengths), ...overLengths(measureLengths(variables))];
  if (!('document' in prepared)) {
    for (const error of prepared) assertExpectedError(error, expected);
    return;
  }
  if (expected.length > 0) throw new Violation('a document above a limit was accepted', expected.join());
  const costUnder = (limit: number) => costWithin({ ...prepared, variables, store }, limit);
  assertLimited(costUnder(DEFAULT_QUERY_LIMITS.complexity), DEFAULT_QUERY_LIMITS.complexity, prepared);
  assertLimited(costUnder(STRICT_COMPLEXITY), STRICT_COMPLEXITY, prepared);
  if (prepared.cost > MAX_EXECUTED_COST) return;
  const result = operation === 'query' ? executeQuietly(prepared) : await firstPayload(prepared);
  assertCost(result, prepared.cost);
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
    ...(text > DEFAULT_QUERY_LIMITS.stringLength ? [LIMIT_CODES.stringLength] : []),
    ...(list > DEFAULT_QUERY_LIMITS.listLength ? [LIMIT_CODES.listLength] : []),
  ];
}

function assertExpectedError({ message, extensions }: GraphQLError, expected: readonly string[]): void {
  if (!expected.includes(String(extensions.code)))
    throw new Violation('a valid document was rejected', message);
}

/** Asserts that a limit depends only on the cost. */
function assertLimited(verdict: number | GraphQLError, limit: number, { cost }: PreparedOperation): void {
  const isRight =
    verdict instanceof GraphQLError
      ? cost > limit && verdict.extensions.code === LIMIT_CODES.complexity
      : cost <= limit && verdict === cost;
  if (!isRight)
    throw new Violation(`a limit of ${limit} was applied wrongly to a cost of ${cost}`, String(verdict));
}

function assertCost({ data, errors = [] }: ExecutionResult, cost: number): void {
  const fields = countFields(data);
  if (fields > cost)
    throw new Violation(
      'an answer has more fields than the estimated cost of its document',
      `${fields} > ${cost}`,
    );
  const fault = errors.find(({ originalError }) => originalError && !(originalError instanceof GraphQLError));
  if (fault) throw new Violation('a resolver failed', fault.message);
}

/**
 * Executes without stack traces, which take longer than the execution: every item of a list may have an
 * error.
 */
function executeQuietly(prepared: PreparedOperation) {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return executeSync(prepared);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Result of the snapshot that a subscription begins with. */
async function firstPayload(prepared: PreparedOperation): Promise<ExecutionResult> {
  const stream = await createSourceEventStream(prepared);
  if (!isSource(stream)) {
    if (Symbol.asyncIterator in stream) throw new TypeError('Expected a source of subscriptionResolvers.');
    return stream;
  }
  const { source, projection } = stream.openView(createLogBatches(systemClock));
  return executeQuietly({ ...prepared, rootValue: snapshotEvent(projection, source) });
}

/** Number of fields in an answer. An item of a list of scalars counts as one too. */
function countFields(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce((sum: number, item) => sum + (typeof item === 'object' ? countFields(item) : 1), 0);
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countFields(member), 0);
}
