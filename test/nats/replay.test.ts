import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/model/decode.js';
import { sessionIdOf } from '../../src/model/session.js';
import type { Entry } from '../../src/nats/entry.js';
import type { LogChange } from '../../src/nats/log-change.js';
import { replay, toChanges } from '../../src/nats/replay.js';
import { foldChanges } from '../support/change-sequences.js';
import { session } from '../support/sessions.js';

const LOG = 'bucket1';
const BROKEN = new DecodeError('version 1', 2, ['version']);

type Kind = 'live' | 'stale' | 'gone' | 'deleted' | 'broken';

/** A revision of a key. The Session's `resourceVersion` is the revision, so that states differ. */
function entry(instance: string, revision: number, kind: Kind, previous = revision - 1): Entry {
  const base = {
    key: `${instance}.Tiltfile`,
    id: sessionIdOf(instance, 'Tiltfile'),
    revision,
    writtenAt: revision,
  };
  if (kind === 'deleted') return { ...base, content: null };
  if (kind === 'broken') return { ...base, content: BROKEN };
  return {
    ...base,
    content: {
      publisher: 'p',
      serial: revision,
      previous,
      connection: kind,
      error: kind === 'live' ? null : `${kind} at ${revision}`,
      session: session(instance, {}, { resourceVersion: String(revision) }),
    },
  };
}

/** All entries that were written to a bucket, and those that it keeps. */
interface History {
  readonly all: readonly Entry[];
  readonly kept: readonly Entry[];
  readonly newest: number;
}

/**
 * Any history of some keys, of which the bucket keeps the newest states. Revisions of other keys lie in
 * between.
 */
function histories(kinds: readonly Kind[]): fc.Arbitrary<History> {
  const write = fc.record({
    instance: fc.constantFrom('a', 'b', 'c', 'd'),
    kind: fc.constantFrom(...kinds),
    step: fc.constantFrom(1, 1, 2, 5),
  });
  return fc
    .record({ writes: fc.array(write, { maxLength: 40 }), limit: fc.integer({ min: 1, max: 6 }) })
    .map(({ writes, limit }) => {
      let newest = 0;
      const known = new Map<string, number>();
      const all = writes.map(({ instance, kind, step }) => {
        newest += step;
        const previous = known.get(instance) ?? 0;
        known.set(instance, newest);
        return entry(instance, newest, kind, previous);
      });
      const kept = all.filter(
        ({ key, revision }) =>
          all.filter((other) => other.key === key && other.revision > revision).length < limit,
      );
      return { all, kept, newest };
    });
}

/** The Sessions of the bucket at a revision, and the reasons of those that are not live. */
function stateAt(all: readonly Entry[], revision: number): object {
  const sessions: Record<string, string> = {};
  const staleReasons: Record<string, string> = {};
  for (const { id, content } of all.filter((one) => one.revision <= revision)) {
    delete sessions[id];
    delete staleReasons[id];
    if (content === null || content instanceof DecodeError || content.connection === 'gone') continue;
    sessions[id] = content.session.metadata.resourceVersion ?? '';
    if (content.error !== null) staleReasons[id] = content.error;
  }
  return { sessions, staleReasons };
}

/** The state after applying changes. */
function folded(changes: readonly LogChange[]): object {
  const { sessions, staleReasons } = foldChanges(changes);
  const versions = Object.entries(sessions).map(([id, { metadata }]) => [id, metadata.resourceVersion]);
  return { sessions: Object.fromEntries(versions), staleReasons };
}

type Snapshot = ReturnType<typeof replay>;

function parts({ followedBy = [], ...snapshot }: Snapshot) {
  return { snapshot, followedBy, since: snapshot.at.number, log: snapshot.at.log };
}

/**
 * The snapshot and the changes up to a position. A change without a position belongs to the one before it.
 */
function upTo(change: Snapshot, position: number): LogChange[] {
  const { snapshot, followedBy, since } = parts(change);
  const taken: LogChange[] = [snapshot];
  let at = since;
  for (const next of followedBy) {
    at = positionOf(next) ?? at;
    if (at <= position) taken.push(next);
  }
  return taken;
}

function positionOf(change: LogChange | undefined): number | undefined {
  return change && 'at' in change ? change.at?.number : undefined;
}

const DECODABLE: readonly Kind[] = ['live', 'live', 'live', 'stale', 'gone', 'deleted'];

describe('a replay', () => {
  it('ends with the newest state of each key, whatever the bucket keeps', () => {
    fc.assert(
      fc.property(histories(DECODABLE), fc.boolean(), ({ all, kept, newest }, isNewestOnly) => {
        const entries = isNewestOnly ? newestOf(kept) : kept;
        const change = replay({ entries, isNewestOnly, newest, log: LOG });
        expect(folded(upTo(change, newest))).toEqual(stateAt(all, newest));
      }),
      { numRuns: 300 },
    );
  });

  it('equals the bucket at each of its positions, so that no change is missing', () => {
    fc.assert(
      fc.property(histories(DECODABLE), ({ all, kept, newest }) => {
        const change = replay({ entries: kept, isNewestOnly: false, newest, log: LOG });
        for (let position = parts(change).since; position <= newest; position += 1) {
          expect(folded(upTo(change, position))).toEqual(stateAt(all, position));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('contains each revision after its snapshot once, in order, at its position', () => {
    fc.assert(
      fc.property(histories([...DECODABLE, 'broken']), ({ kept, newest }) => {
        const { since, log, followedBy } = parts(
          replay({ entries: kept, isNewestOnly: false, newest, log: LOG }),
        );
        const later = kept.filter(({ revision, content }) => revision > since && content !== BROKEN);
        expect(log).toBe(LOG);
        expect(followedBy.map(positionOf).filter((place) => place !== undefined)).toEqual(
          later.map(({ revision }) => revision),
        );
      }),
    );
  });

  it('starts with an empty snapshot if the bucket has dropped no state', () => {
    const entries = [entry('a', 3, 'live', 0), entry('b', 4, 'live', 0), entry('a', 9, 'live', 3)];
    const { snapshot, since, followedBy } = parts(
      replay({ entries, isNewestOnly: false, newest: 9, log: LOG }),
    );
    expect([snapshot.sessions, since]).toEqual([[], 0]);
    expect(followedBy.map(positionOf)).toEqual([3, 4, 9]);
  });

  it('S4: starts after the states that the bucket has dropped between two entries of a key', () => {
    const entries = [
      entry('a', 5, 'live', 0),
      entry('b', 6, 'live', 0),
      entry('a', 8, 'live', 7),
      entry('b', 9, 'live', 6),
    ];
    const { snapshot, since, followedBy } = parts(
      replay({ entries, isNewestOnly: false, newest: 9, log: LOG }),
    );
    expect(since).toBe(8);
    expect(snapshot.sessions).toMatchObject([
      { metadata: { resourceVersion: '8' } },
      { metadata: { resourceVersion: '6' } },
    ]);
    expect(followedBy.map(positionOf)).toEqual([9]);
  });

  it.each(['deleted', 'broken'] as const)(
    'S4: starts at a revision that is %s, because states before it may have been dropped',
    (kind) => {
      const entries = [entry('a', 5, 'live', 0), entry('a', 8, kind), entry('a', 9, 'live', 8)];
      const { since, followedBy } = parts(replay({ entries, isNewestOnly: false, newest: 9, log: LOG }));
      expect(since).toBe(8);
      expect(followedBy.map(positionOf)).toEqual([9]);
    },
  );

  it('starts at the latest of the oldest known states that are not the first of their key', () => {
    const entries = [
      entry('a', 3, 'live'),
      entry('b', 4, 'live', 0),
      entry('c', 6, 'stale'),
      entry('b', 7, 'live', 4),
    ];
    const { snapshot, since, followedBy } = parts(
      replay({ entries, isNewestOnly: false, newest: 7, log: LOG }),
    );
    expect(since).toBe(6);
    expect(snapshot).toMatchObject({
      sessions: ['3', '4', '6'].map((resourceVersion) => ({ metadata: { resourceVersion } })),
    });
    const stale = expect.objectContaining({ state: 'stale', error: 'stale at 6' });
    expect(snapshot.connections).toEqual(new Map([['c/Tiltfile', stale]]));
    expect(followedBy).toMatchObject([{ type: 'upsert', at: { log: LOG, number: 7 } }]);
  });

  it('has the newest revision as its position if only the newest states were read', () => {
    const entries = [entry('a', 3, 'live'), entry('b', 5, 'gone')];
    const change = replay({ entries, isNewestOnly: true, newest: 12, log: LOG });
    expect(parts(change)).toMatchObject({
      since: 12,
      snapshot: { sessions: [{ id: 'a/Tiltfile' }, { id: 'b/Tiltfile' }] },
      followedBy: [],
    });
    expect(change.connections).toEqual(new Map([['b/Tiltfile', expect.objectContaining({ state: 'gone' })]]));
  });

  it('is empty for an empty bucket', () => {
    const change = replay({ entries: [], isNewestOnly: false, newest: 0, log: LOG });
    expect(change).toMatchObject({
      type: 'snapshot',
      sessions: [],
      at: { log: LOG, number: 0 },
      followedBy: [],
    });
  });
});

describe('toChanges of a revision', () => {
  const at = { log: LOG, number: 5 };
  const id = 'a/Tiltfile';
  // `entry` uses the revision as the time of the write, in milliseconds.
  const since = '1970-01-01T00:00:00.005Z';

  it.each<[Kind, object[]]>([
    ['live', [{ type: 'upsert', at }]],
    ['stale', [{ type: 'upsert', at, connection: { state: 'stale', since, error: 'stale at 5' } }]],
    ['gone', [{ type: 'upsert', at, connection: { state: 'gone', since, error: 'gone at 5' } }]],
    ['deleted', [{ type: 'remove', id, reason: 'it was deleted from the bucket', since, at }]],
    ['broken', [{ type: 'stale', id, error: 'a.Tiltfile: version: expected version 1, got 2' }]],
  ])('that is %s returns its change', (kind, changes) => {
    expect(toChanges(entry('a', 5, kind), LOG)).toMatchObject(changes);
  });

  it.each(['stale', 'gone'] as const)('that is written again is %s since its first write', (kind) => {
    const { content, ...written } = entry('a', 5, kind);
    if (content === null || !('connection' in content)) throw new Error('expected a Session');
    const changes = toChanges({ ...written, content: { ...content, ageMs: 4 } });
    expect(changes).toMatchObject([{ connection: { since: '1970-01-01T00:00:00.001Z' } }]);
  });
});

function newestOf(entries: readonly Entry[]): Entry[] {
  return entries.filter(
    ({ key, revision }) => !entries.some((other) => other.key === key && other.revision > revision),
  );
}
