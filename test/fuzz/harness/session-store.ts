import { isDeepStrictEqual } from 'node:util';
import { executeSync, type GraphQLSchema, parse } from 'graphql';
import { createSchema } from '../../../src/graphql/schema.js';
import type { Change } from '../../../src/model/change.js';
import type { Session, TargetState } from '../../../src/model/session.js';
import { verdictOfRecord } from '../../../src/store/record.js';
import { createStore, type Store } from '../../../src/store/store.js';
import { subscriptionResolvers } from '../../../src/subscriptions/subscription-resolvers.js';
import { createManualClock } from '../../support/manual-clock.js';
import { assertNoLeak, assertOneLine } from './invariants.js';
import { Violation } from './violation.js';

/** A store that receives hostile sessions, with its invariants. */
export interface SessionStore {
  readonly store: Store;
  /** Applies a change, and asserts that it had its effect and no other. */
  apply(change: Change): void;
  /** Queries everything through GraphQL and checks the result. */
  assertReadable(): void;
}

const SOURCE = 'fuzz';

/** Creates an empty store. */
export function createSessionStore(): SessionStore {
  const faults: unknown[] = [];
  const store = createStore({
    clock: createManualClock(),
    epoch: 'fuzz',
    onListenerError: (error) => faults.push(error),
  });
  const good = new Map<string, Session>();
  store.open(SOURCE);

  return {
    store,
    apply(change) {
      store.apply(SOURCE, change);
      record(change);
      for (const [id, session] of good) assertHeld(id, session);
      if (faults.length > 0) throw faults[0];
    },
    assertReadable() {
      const contextValue = { store, scope: '', version: 'fuzz', lastEventId: null };
      const { data, errors } = executeSync({ schema: schema(), document: EVERYTHING, contextValue });
      if (errors) throw new Violation('the query of all fields failed', errors.map(String).join('; '));
      // The result must be serializable as JSON.
      JSON.stringify(data);
    },
  };

  function record(change: Change): void {
    if (change.type === 'snapshot') {
      good.clear();
      for (const session of change.sessions) good.set(session.id, session);
    } else if (change.type === 'upsert') good.set(change.session.id, change.session);
    else if (change.type === 'remove') good.delete(change.id);
    else if (change.type !== 'log' && change.error !== null)
      assertOneLine(change.error, 'the error of a source');
  }

  /** Asserts that the last good state is kept, whatever followed. */
  function assertHeld(id: string, { metadata, spec, status, facts }: Session): void {
    const record = store.get(id);
    if (!record) throw new Violation('the last good state was lost', id);
    const targets = record.status.targets.map(
      ({ history: _, id: __, since: ___, readiness: ____, state, ...target }) => ({
        ...target,
        state: withoutMark(state),
      }),
    );
    const { done, error } = record.status;
    // The first result of a run is final, whatever its later states contain.
    const expected = done ? { ...status, done, error } : status;
    if (
      !isDeepStrictEqual({ ...record.status, targets }, expected) ||
      !isDeepStrictEqual([record.metadata, record.spec, record.facts], [metadata, spec, facts])
    )
      throw new Violation('the store differs from the last good state', id);
    const { state, final, reason } = verdictOfRecord(record);
    if (reason !== null) assertOneLine(reason, 'the reason of a verdict');
    if (state === 'passed' && !final && record.connection.state !== 'live')
      throw new Violation('the verdict is passed without a live connection', record.connection.state);
  }
}

/** The state as its source reported it: the store marks targets that wait for a trigger. */
function withoutMark(state: TargetState): TargetState {
  return state.is === 'waiting' ? { is: state.is, waitReason: state.waitReason } : state;
}

/** Asserts that an error is of the expected class and has a one-line message. */
export function assertErrorMessage(error: unknown, expected: new (...args: never) => Error): void {
  if (!(error instanceof expected)) throw error;
  assertOneLine(error.message, `a ${error.name}`);
  assertNoLeak(error.message, `a ${error.name}`);
}

let cachedSchema: GraphQLSchema | null = null;

function schema(): GraphQLSchema {
  cachedSchema ??= createSchema(subscriptionResolvers);
  return cachedSchema;
}

const EVERYTHING = parse(`{
  sessions(first: 1000) {
    totalCount
    nodes {
      id instance apiVersion kind
      metadata {
        name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp
        deletionGracePeriodSeconds labels { key value } annotations { key value } finalizers
        ownerReferences { apiVersion kind name uid controller blockOwnerDeletion }
        managedFields { manager operation apiVersion time fieldsType fieldsV1 subresource }
      }
      spec { tiltfilePath exitCondition ci { k8sGracePeriod timeout readinessTimeout } }
      status { done pid startTime error targets { ...T } }
      verdict { state final reason waiting { id } notReady { id } retrying { id } failed { id } untriggered { id } }
      cluster { error }
      connection { state since error }
      resources {
        name counts { total } labels links { url name } kind triggerMode hasPendingChanges queued
        conditions { type typeText status reason } waitingOn { kind name resource { name } } order tiltUrl
      }
      counts { total inactive disabled waiting running ready succeeded failed retrying }
    }
  }
  gateway { sources { name state error sessionCount unavailable } }
}
fragment T on Target {
  id name type typeText resources phase since durationSeconds secondsToReady
  history(last: 5) { time phase state { __typename } }
  blockedBy { id }
  rootCause { id }
  state {
    ... on TargetStateWaiting { waitReason summary }
    ... on TargetStateActive { startTime ready lastReadyTime summary }
    ... on TargetStateTerminated { startTime finishTime error graceStatus summary }
    ... on TargetStateDisabled { summary }
  }
}`);
