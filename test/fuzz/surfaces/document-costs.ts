import { executeSync } from 'graphql';
import { DEFAULT_QUERY_LIMITS } from '../../../src/graphql/limits.js';
import { createOperations } from '../../../src/graphql/operation.js';
import { createSchema } from '../../../src/graphql/schema.js';
import { createSubscriptionResolvers } from '../../../src/live/subscription-resolvers.js';
import { decodeSession } from '../../../src/model/decode.js';
import { createStore } from '../../../src/store/store.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { states } from '../../support/sessions.js';
import { schemaDocuments } from '../arbitraries/schema-documents.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const schema = createSchema(createSubscriptionResolvers(), { federation: true });
const store = createStore({ clock: createManualClock(), epoch: 'fuzz' });
const contextValue = { store, version: 'fuzz', scope: '', lastEventId: null };
fill();

/** Nothing is rejected but by its cost, so that the cost is looked at of large documents, too. */
const UNLIMITED = Number.MAX_SAFE_INTEGER;
const operations = createOperations({
  schema,
  limits: {
    ...DEFAULT_QUERY_LIMITS,
    tokens: UNLIMITED,
    depth: UNLIMITED,
    aliases: UNLIMITED,
    directives: UNLIMITED,
  },
  introspection: true,
  documents: null,
});

/** Documents made of the schema: none may give an answer of more fields than it was said to cost. */
export const documentCosts = defineSurface({
  name: 'document-costs',
  share: 100,
  arbitrary: schemaDocuments(schema, {
    ids: [...store.ids(), 'gone/Tiltfile', 's1/Tiltfile#t1:serve', 's1/Tiltfile#none', '#', ''],
    names: ['t1:serve', 'api', 's1', 'both'],
  }),
  count: () => 1,
  check({ query, variables }) {
    const prepared = operations.prepare({ query, variables }, contextValue);
    if (!('document' in prepared)) {
      const [error] = prepared;
      if (error?.extensions.code !== 'QUERY_TOO_COMPLEX')
        throw new Violation('a document of the schema is rejected', error);
      return;
    }
    const { data } = executeSync(prepared);
    const fields = countFields(data);
    if (fields > prepared.cost)
      throw new Violation(
        'an answer has more fields than the document was said to cost',
        `${fields} > ${prepared.cost}`,
      );
  },
});

/** The fields of an answer; an item of a list of texts is one, too. */
function countFields(value: unknown): number {
  if (Array.isArray(value)) {
    return value.reduce((sum: number, item) => sum + (typeof item === 'object' ? countFields(item) : 1), 0);
  }
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, member) => sum + 1 + countFields(member), 0);
}

/** Sessions of all sizes: without targets, with those of several resources or none, with a long history. */
function fill(): void {
  store.open('fuzz');
  for (const round of [0, 1, 2]) {
    for (const [index, size] of [0, 1, 3, 12].entries()) {
      const targets = Array.from({ length: size }, (_, n) => ({
        name: `t${n}:serve`,
        type: n % 2 === 0 ? 'server' : 'job',
        resources: [[], ['api'], ['api', 'both', `r${n}`]][n % 3],
        state: Object.values(states)[(n + round) % Object.values(states).length],
      }));
      store.apply('fuzz', { type: 'upsert', session: decodeSession(withLabels(targets), `s${index}`) });
    }
  }
}

function withLabels(targets: readonly unknown[]): object {
  const json = sessionJson({ uid: 'fuzz', targets });
  const metadata = {
    ...json.metadata,
    labels: { a: '1', b: '2' },
    annotations: { c: '3' },
    finalizers: ['d', 'e'],
  };
  return { ...json, metadata };
}
