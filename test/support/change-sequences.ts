import fc from 'fast-check';
import type { Change, StaleState } from '../../src/model/change.js';
import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import type { LogChange, RecordedConnection } from '../../src/nats/log-change.js';
import { sessionFacts } from './fact-arbitraries.js';
import { sessionJson } from './session-json.js';

const name = fc.constantFrom('a', 'b', 'c');
const facts = fc.option(sessionFacts(['api', 'web']), { nil: undefined });
const session = fc.record({ name, resourceVersion: fc.nat(99).map(String), facts }).map(
  ({ facts, ...options }): Session => ({
    ...decodeSession(sessionJson({ ...options, uid: options.name }), 'tilt'),
    ...(facts && { facts }),
  }),
);
const error = fc.constantFrom('first reason', 'second reason');

/** A sequence of changes from a provider: a snapshot, then changes of any type. */
export const changeSequences: fc.Arbitrary<Change[]> = fc
  .tuple(snapshot(), fc.array(fc.oneof(snapshot(), upsert(), remove(), stale())))
  .map(([first, rest]) => [first, ...rest]);

/** Result of applying a sequence of changes. */
export interface FoldedChanges {
  readonly sessions: Readonly<Record<string, Session>>;
  /** Why a Session may be outdated, by session id. */
  readonly staleReasons: Readonly<Record<string, string>>;
  /** Why the source as a whole may be outdated. Null when it is healthy. */
  readonly sourceError: string | null;
}

/** Applies changes in order, as the documentation of `Change` specifies. */
export function foldChanges(changes: readonly (Change | LogChange)[]): FoldedChanges {
  const sessions = new Map<string, Session>();
  const staleReasons = new Map<string, string>();
  let sourceError: string | null = null;
  for (const change of changes) {
    switch (change.type) {
      case 'snapshot':
        sessions.clear();
        staleReasons.clear();
        sourceError = null;
        for (const item of change.sessions) sessions.set(item.id, item);
        change.stale?.forEach(markStale);
        if ('connections' in change) change.connections?.forEach(applyConnection);
        break;
      case 'upsert':
        sessions.set(change.session.id, change.session);
        staleReasons.delete(change.session.id);
        if ('connection' in change && change.connection)
          applyConnection(change.connection, change.session.id);
        break;
      case 'remove':
        sessions.delete(change.id);
        staleReasons.delete(change.id);
        break;
      case 'stale':
        markStale(change);
    }
  }
  return {
    sessions: Object.fromEntries(sessions),
    staleReasons: Object.fromEntries(staleReasons),
    sourceError,
  };

  function markStale({ id, error }: StaleState): void {
    if (id === undefined) sourceError = error;
    for (const each of id === undefined ? sessions.keys() : [id]) {
      if (sessions.has(each)) staleReasons.set(each, error);
    }
  }

  /** Applies a recorded connection, which only changes of a shared log have. */
  function applyConnection({ state, error }: RecordedConnection, id: string): void {
    if (state === 'stale') staleReasons.set(id, error);
    else sessions.delete(id);
  }
}

function snapshot(): fc.Arbitrary<Change> {
  return fc
    .uniqueArray(session, { selector: ({ id }) => id })
    .map((sessions) => ({ type: 'snapshot', sessions }));
}

function upsert(): fc.Arbitrary<Change> {
  return session.map((made) => ({ type: 'upsert', session: made }));
}

function remove(): fc.Arbitrary<Change> {
  return name.map((of) => ({ type: 'remove', id: `tilt/${of}` }));
}

function stale(): fc.Arbitrary<Change> {
  return fc.oneof(
    error.map((text): Change => ({ type: 'stale', error: text })),
    fc.tuple(name, error).map(([of, text]): Change => ({ type: 'stale', id: `tilt/${of}`, error: text })),
  );
}
