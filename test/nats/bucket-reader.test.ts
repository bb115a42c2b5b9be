import { describe, expect, it } from 'vitest';
import { untilAborted } from '../../src/lib/clock.js';
import { silentLog } from '../../src/lib/log.js';
import { createDeltaCounts } from '../../src/lib/metrics.js';
import { type BucketReader, createBucketReader } from '../../src/nats/bucket-reader.js';
import { type Entry, envelopeOf } from '../../src/nats/entry.js';
import { MAX_HISTORY_BYTES } from '../../src/nats/history.js';
import type { LogChange, LogProvider, RecordedConnection } from '../../src/nats/log-change.js';
import { keepWatching } from '../../src/providers/keep-watching.js';
import { createStore } from '../../src/store/store.js';
import { largeSession } from '../support/large-session.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { measureRetainedMemory } from '../support/retained-memory.js';
import { session } from '../support/sessions.js';

const LOG = 'bucket1';
const PRESENCE_MS = 15_000;
const RETAIN_MS = 3_600_000;
const MAX_AGE_MS = 24 * 3_600_000;
const SILENCE = 'no heartbeat of its publisher for 15 s';

interface SetUpOptions {
  readonly clock?: ManualClock;
  readonly maxAgeMs?: number;
  readonly known?: Map<string, number>;
  /** Default: the changes are collected. */
  readonly push?: (change: LogChange) => void;
}

function setUp({ clock = createManualClock(), maxAgeMs = MAX_AGE_MS, known, push }: SetUpOptions = {}) {
  const changes: LogChange[] = [];
  const gaps: string[] = [];
  const losses: number[] = [];
  const reader = createBucketReader(
    { log: LOG, presenceMs: PRESENCE_MS, maxAgeMs },
    {
      clock,
      retainMs: RETAIN_MS,
      ...(known && { known }),
      push: push ?? ((change) => changes.push(change)),
      onLoss: (newest) => losses.push(newest),
      onGap: ({ key, revision }, known) => gaps.push(`${key} ${known} to ${revision}`),
    },
  );
  /** The changes since the last call, in short. */
  const news = () => changes.splice(0).flatMap(inShort);
  return { clock, reader, changes, news, gaps, losses };
}

/** A reader after its snapshot of a live Session `a` whose publisher is alive. */
function setUpCaughtUp() {
  const parts = setUp();
  parts.reader.begin(false);
  parts.reader.seen('a.Tiltfile', 'p');
  parts.reader.take(entryOf(parts.clock, 'a', 1));
  parts.reader.presenceCaughtUp();
  parts.reader.sessionsCaughtUp();
  parts.news();
  return parts;
}

type State = 'live' | 'gone' | 'deleted';

function entryOf(
  clock: ManualClock,
  instance: string,
  revision: number,
  state: State = 'live',
  ageMs = 0,
  previous = 0,
): Entry {
  const base = { key: `${instance}.Tiltfile`, id: `${instance}/Tiltfile`, revision };
  const writtenAt = clock.now() - ageMs;
  if (state === 'deleted') return { ...base, writtenAt, content: null };
  return {
    ...base,
    writtenAt,
    content: {
      publisher: 'p',
      serial: revision,
      previous,
      connection: state,
      error: state === 'gone' ? 'tilt exited' : null,
      session: session(instance, {}, { resourceVersion: String(revision) }),
    },
  };
}

/** The entry as if a delta had led to it, with a digest that is not that of its Session. */
function derived(entry: Entry): Entry {
  const { id, revision } = entry;
  const of = session(id.split('/')[0] ?? '', {}, { resourceVersion: String(revision) });
  return {
    ...entry,
    delta: { session: of, changedTargets: [], serial: revision, length: 9, digest: 'another' },
  };
}

/** The entry as written by another publisher. */
function by(publisher: string, entry: Entry): Entry {
  const { content } = entry;
  return content !== null && 'connection' in content
    ? { ...entry, content: { ...content, publisher } }
    : entry;
}

/** The entry of a state that was first written `ageMs` ago. */
function again(entry: Entry, ageMs: number): Entry {
  const { content } = entry;
  return content !== null && 'connection' in content ? { ...entry, content: { ...content, ageMs } } : entry;
}

function inShort(change: LogChange): string[] {
  const place = 'at' in change && change.at ? ` at ${change.at.number}` : '';
  switch (change.type) {
    case 'snapshot': {
      const ids = change.sessions
        .map(({ id }) => ` ${id}${inBrackets(change.connections?.get(id))}`)
        .join('');
      return [`snapshot${place}${ids}`, ...(change.followedBy ?? []).flatMap(inShort)];
    }
    case 'upsert':
      return [
        `upsert ${change.session.id} ${change.session.metadata.resourceVersion}${connectionInShort(change)}${place}`,
      ];
    case 'remove':
      return [`remove ${change.id}: ${change.reason}${place}`];
    case 'availability':
    case 'log':
      return [change.type];
    case 'stale':
      return [`stale ${change.id}: ${change.error}`];
  }
}

function inBrackets(connection: RecordedConnection | undefined): string {
  return connection ? ` (${connection.state}: ${connection.error})` : '';
}

function connectionInShort({ connection }: Extract<LogChange, { type: 'upsert' }>): string {
  return connection ? ` ${connection.state}: ${connection.error}` : '';
}

describe('a bucket reader that starts', () => {
  it.each([
    ['presence first', ['presenceCaughtUp', 'sessionsCaughtUp']],
    ['Sessions first', ['sessionsCaughtUp', 'presenceCaughtUp']],
  ] as const)('pushes its snapshot once presence and Sessions have caught up: %s', (_, [first, second]) => {
    const { clock, reader, news } = setUp();
    reader.begin(false);
    reader.seen('a.Tiltfile', 'p');
    reader.take(entryOf(clock, 'a', 1));
    reader.take(entryOf(clock, 'a', 2, 'live', 0, 1));
    reader[first]();
    expect(news()).toEqual([]);
    reader[second]();
    expect(news()).toEqual(['snapshot at 0', 'upsert a/Tiltfile 1 at 1', 'upsert a/Tiltfile 2 at 2']);
    reader[second]();
    expect(news()).toEqual([]);
  });

  it('pushes an empty snapshot for an empty bucket', () => {
    const { reader, news } = setUp();
    reader.begin(false);
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 0']);
  });

  it('S4: starts before the oldest revision that the bucket keeps, because nothing is left of expired Sessions', () => {
    const { clock, reader, news } = setUp();
    reader.begin(false, 0, 21);
    reader.seen('b.Tiltfile', 'p');
    reader.take(entryOf(clock, 'b', 21));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 20', 'upsert b/Tiltfile 21 at 21']);
  });

  it('S4: starts at the newest revision of a bucket of which everything has expired', () => {
    const { reader, news } = setUp();
    reader.begin(false, 0, 21);
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 20']);
  });

  it('reports revisions that a bucket has lost, but none that it has dropped', () => {
    for (const [oldest, losses] of [
      [21, []],
      [16, [15]],
    ] as const) {
      const parts = setUp();
      parts.reader.begin(false, 20, oldest);
      parts.reader.sessionsCaughtUp();
      expect(parts.losses).toEqual(losses);
    }
  });

  it('starts before the first state that it has read, although the bucket has dropped it meanwhile', () => {
    const { clock, reader, news } = setUp();
    reader.begin(false, 0, 21);
    reader.seen('b.Tiltfile', 'p');
    reader.take(entryOf(clock, 'b', 15));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 14', 'upsert b/Tiltfile 15 at 15']);
  });

  it('takes the newest revision that it has read as its position if it reads only the newest states', () => {
    const { clock, reader, news } = setUp();
    reader.begin(true);
    reader.seen('a.Tiltfile', 'p');
    reader.take(entryOf(clock, 'a', 5));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 5 a/Tiltfile']);
  });

  it.each([
    ['complete states', (entry: Entry) => entry],
    ['deltas', derived],
  ])('keeps only the newest states of a history that is larger than its memory: %s', (_, as) => {
    const { clock, reader, news } = setUp();
    const bytes = MAX_HISTORY_BYTES / 2;
    reader.begin(false);
    for (const instance of ['a', 'b']) reader.seen(`${instance}.Tiltfile`, 'p');
    reader.take(entryOf(clock, 'a', 1));
    reader.take(entryOf(clock, 'b', 2));
    reader.take(as({ ...entryOf(clock, 'a', 3, 'live', 0, 1), bytes }));
    reader.take(as({ ...entryOf(clock, 'b', 4, 'live', 0, 2), bytes }));
    reader.take(as({ ...entryOf(clock, 'a', 5, 'live', 0, 3), bytes: 1 }));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 5 b/Tiltfile a/Tiltfile']);
  });

  it('marks a live Session as STALE if its publisher sends no heartbeats', () => {
    const { clock, reader, news } = setUp();
    reader.begin(true);
    reader.take(entryOf(clock, 'a', 1));
    reader.take(entryOf(clock, 'b', 2, 'gone'));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual([
      `snapshot at 2 a/Tiltfile (stale: ${SILENCE}) b/Tiltfile (gone: tilt exited)`,
      `stale a/Tiltfile: ${SILENCE}`,
    ]);
  });

  it.each([
    ['had a result, since its last word', true, 3_600_000],
    ['had no result, since now', false, undefined],
  ])('marks a Session whose publisher it never saw alive as STALE if it %s', (_, done, ageMs) => {
    const { clock, reader, changes } = setUp();
    reader.begin(true);
    const entry = entryOf(clock, 'a', 1, 'live', 3_600_000);
    const envelope = envelopeOf(entry);
    if (envelope === null) throw new Error('expected a Session');
    reader.take({ ...entry, content: { ...envelope, session: session('a', {}, { status: { done } }) } });
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    const since = new Date(clock.now() - (ageMs ?? 0)).toISOString();
    const [snapshot] = changes;
    const connection = { state: 'stale', since, error: SILENCE, ...(ageMs !== undefined && { ageMs }) };
    expect(snapshot).toMatchObject({ connections: new Map([['a/Tiltfile', connection]]) });
  });

  it('counts the newest heartbeat of a publisher, although an older one is read from the stream after it', () => {
    const { clock, reader, news } = setUp();
    const report = JSON.stringify({ version: 1, publisher: 'p', sessions: { 'b.Tiltfile': 'live' } });
    reader.begin(true);
    for (const ageMs of [0, PRESENCE_MS]) {
      reader.seen('a.Tiltfile', 'p', ageMs);
      reader.reported('b.p=231', report, ageMs);
    }
    reader.take(entryOf(clock, 'a', 1));
    reader.take(entryOf(clock, 'b', 2));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 2 a/Tiltfile b/Tiltfile']);
  });

  it('marks a live Session as STALE if only another publisher sends heartbeats for its key', () => {
    const { clock, reader, news } = setUp();
    reader.begin(true);
    reader.seen('a.Tiltfile', 'q');
    reader.seen('b.Tiltfile', 'q');
    reader.take(entryOf(clock, 'a', 1));
    reader.take(by('q', entryOf(clock, 'b', 2)));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual([
      `snapshot at 2 a/Tiltfile (stale: ${SILENCE}) b/Tiltfile`,
      `stale a/Tiltfile: ${SILENCE}`,
    ]);
  });

  it.each(['gone', 'deleted'] as const)(
    'omits a Session that was %s before the retention time, and no other',
    (state) => {
      const { clock, reader, news } = setUp();
      reader.begin(true);
      for (const instance of ['a', 'b', 'c']) reader.seen(`${instance}.Tiltfile`, 'p');
      reader.take(entryOf(clock, 'a', 1, state, RETAIN_MS + 1));
      reader.take(entryOf(clock, 'b', 2, 'gone', RETAIN_MS));
      reader.take(entryOf(clock, 'c', 3, 'live', RETAIN_MS + 1));
      reader.presenceCaughtUp();
      reader.sessionsCaughtUp();
      expect(news()).toEqual(['snapshot at 3 b/Tiltfile (gone: tilt exited) c/Tiltfile']);
    },
  );

  it('omits a Session that ended before the retention time and was written again later', () => {
    const { clock, reader, news } = setUp();
    reader.begin(true);
    reader.take(again(entryOf(clock, 'a', 1, 'gone'), RETAIN_MS + 1));
    reader.take(again(entryOf(clock, 'b', 2, 'gone'), RETAIN_MS));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 2 b/Tiltfile (gone: tilt exited)']);
  });

  it.each([
    ['the history', false],
    ['only the newest states', true],
  ])('shows the result of a Session that ended long ago, after the last snapshot: %s', (_, isNewestOnly) => {
    const { clock, reader, news } = setUp();
    reader.begin(isNewestOnly, 2);
    reader.take(entryOf(clock, 'a', 1, 'gone', 3 * RETAIN_MS));
    if (!isNewestOnly) reader.take(entryOf(clock, 'b', 2, 'live', 2 * RETAIN_MS));
    reader.take(entryOf(clock, 'b', 3, 'gone', RETAIN_MS + 1, 2));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news().at(-1)).toBe(
      isNewestOnly
        ? 'snapshot at 3 b/Tiltfile (gone: tilt exited)'
        : 'upsert b/Tiltfile 3 gone: tilt exited at 3',
    );
  });

  it('S3: starts after the last revision at which another gateway may still have shown an omitted Session', () => {
    const { clock, reader, news } = setUp();
    reader.begin(false);
    reader.seen('b.Tiltfile', 'p');
    reader.take(entryOf(clock, 'a', 1, 'gone', RETAIN_MS + 60_000));
    reader.take(entryOf(clock, 'b', 2, 'live', 60_001));
    reader.take(entryOf(clock, 'b', 3, 'live', 60_000, 2));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 2 b/Tiltfile', 'upsert b/Tiltfile 3 at 3']);
  });

  it.each([
    ['the history', false],
    ['only the newest states', true],
  ])('pushes the time since the end of each Session that is not omitted: %s', (_, isNewestOnly) => {
    const { clock, reader, changes } = setUp();
    reader.begin(isNewestOnly);
    reader.take(entryOf(clock, 'a', 1, 'gone', 50_000));
    reader.take(again(entryOf(clock, 'b', 2, 'gone', 10_000), 20_000));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    const [snapshot] = changes;
    if (snapshot?.type !== 'snapshot') throw new Error('expected a snapshot');
    const recorded = [
      ...(snapshot.connections?.values() ?? []),
      ...(snapshot.followedBy ?? []).map((change) => ('connection' in change ? change.connection : null)),
    ];
    expect(recorded).toMatchObject([{ ageMs: 50_000 }, { ageMs: 30_000 }]);
  });

  it('shows a Session that ended long ago and runs again', () => {
    const { clock, reader, news } = setUp();
    reader.begin(false);
    reader.seen('a.Tiltfile', 'p');
    reader.take(entryOf(clock, 'a', 1, 'gone', 2 * RETAIN_MS));
    reader.take(entryOf(clock, 'a', 2, 'live', 0, 1));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news().at(-1)).toBe('upsert a/Tiltfile 2 at 2');
  });
});

describe('a bucket reader after its snapshot', () => {
  it('pushes each revision at its position', () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(entryOf(clock, 'a', 7));
    reader.take(entryOf(clock, 'a', 8, 'gone'));
    reader.take(entryOf(clock, 'a', 9, 'deleted'));
    expect(news()).toEqual([
      'upsert a/Tiltfile 7 at 7',
      'upsert a/Tiltfile 8 gone: tilt exited at 8',
      'remove a/Tiltfile: it was deleted from the bucket at 9',
    ]);
  });

  it('shows the end of a Session that is written again only within the retention time', () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(again(entryOf(clock, 'b', 2, 'gone'), RETAIN_MS));
    reader.take(again(entryOf(clock, 'c', 3, 'gone'), RETAIN_MS + 1));
    reader.take(again(entryOf(clock, 'a', 4, 'live', 0, 1), RETAIN_MS + 1));
    expect(news()).toEqual([
      'upsert b/Tiltfile 2 gone: tilt exited at 2',
      'remove c/Tiltfile: it was deleted from the bucket at 3',
      'upsert a/Tiltfile 4 at 4',
    ]);
  });

  it('takes the time since the end of a Session from its publisher, as the wall clock may be wrong', () => {
    const { clock, reader, changes } = setUpCaughtUp();
    reader.take(again(entryOf(clock, 'a', 2, 'gone', 50_000, 1), 20_000));
    expect(changes[0]).toMatchObject({ connection: { ageMs: 20_000 } });
  });

  it('adds the time for which it was disconnected to the age of an end, and leaves its time', () => {
    const { clock, reader, changes } = setUpCaughtUp();
    const end = again(entryOf(clock, 'a', 2, 'gone', 20_000, 1), 10_000);
    reader.take({ ...end, delayMs: 20_000 });
    const since = new Date(clock.now() - 30_000).toISOString();
    expect(changes).toMatchObject([{ connection: { state: 'gone', since, ageMs: 30_000 } }]);
  });

  it.each([
    ['of a live Session that is as old as the presence time', 'live', PRESENCE_MS],
    ['of unknown age', 'gone', Number.POSITIVE_INFINITY],
  ] as const)('fails before it pushes a state %s, so that the bucket is read again', (_, state, delayMs) => {
    const { clock, reader, news } = setUpCaughtUp();
    const late = { ...entryOf(clock, 'a', 2, state, 600_000, 1), delayMs };
    expect(() => reader.take(late)).toThrow('its states were read late');
    expect(news()).toEqual([]);
    expect(reader.newest('a.Tiltfile')?.revision).toBe(1);
  });

  it('counts the silence of a publisher from the write of a state that was read late', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take({ ...entryOf(clock, 'b', 2, 'live', 10_000), delayMs: 10_000 });
    expect(news()[0]).toBe('upsert b/Tiltfile 2 at 2');
    await clock.advance(PRESENCE_MS - 10_000);
    expect(news()).toEqual([`stale b/Tiltfile: ${SILENCE}`]);
  });

  it('shows the end of a live Session, however long ago it was first written', () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(again(entryOf(clock, 'a', 2, 'gone', 0, 1), RETAIN_MS + 1));
    reader.take(again(entryOf(clock, 'a', 3, 'gone', 0, 2), RETAIN_MS + 2));
    expect(news()).toEqual([
      'upsert a/Tiltfile 2 gone: tilt exited at 2',
      'remove a/Tiltfile: it was deleted from the bucket at 3',
    ]);
  });

  it('reports dropped states of known and of unknown keys', () => {
    const { clock, reader, gaps } = setUpCaughtUp();
    reader.take(entryOf(clock, 'a', 7, 'live', 0, 1));
    reader.take(entryOf(clock, 'b', 8, 'live', 0, 0));
    reader.take(entryOf(clock, 'a', 9, 'deleted'));
    reader.take(entryOf(clock, 'a', 10, 'live', 0, 9));
    expect(gaps).toEqual([]);
    reader.take(entryOf(clock, 'a', 80, 'live', 0, 79));
    reader.take(entryOf(clock, 'c', 81, 'live', 0, 20));
    expect(gaps).toEqual(['a.Tiltfile 10 to 80', 'c.Tiltfile 0 to 81']);
  });

  it('S4: pushes a state after dropped ones with the last known revision of its key', () => {
    const { clock, reader, changes } = setUpCaughtUp();
    reader.take(entryOf(clock, 'b', 8, 'live', 0, 0));
    reader.take(entryOf(clock, 'a', 80, 'live', 0, 79));
    reader.take(again(entryOf(clock, 'c', 81, 'gone', 0, 20), RETAIN_MS + 1));
    const gapsPushed = changes.flatMap((change) =>
      'at' in change && change.at
        ? [[change.at.number, 'unknownAfter' in change && change.unknownAfter]]
        : [],
    );
    expect(gapsPushed).toEqual([
      [8, false],
      [80, 1],
      [81, 0],
    ]);
  });

  it('ignores an impossible revision before a state', () => {
    const { clock, reader, news, gaps } = setUpCaughtUp();
    for (const revision of [2, 3]) reader.take(entryOf(clock, 'a', revision, 'live', 0, 999_999));
    expect(gaps).toEqual([]);
    expect(news()).toEqual(['upsert a/Tiltfile 2 at 2', 'upsert a/Tiltfile 3 at 3']);
  });

  it('S4: begins again with the lowest revision after which states are unknown that it had passed', () => {
    const known = new Map<string, number>();
    const first = setUp({ known });
    first.reader.begin(false);
    for (const [instance, revision] of [
      ['a', 100],
      ['b', 101],
      ['c', 105],
    ] as const) {
      first.reader.take(entryOf(first.clock, instance, revision));
    }
    first.reader.presenceCaughtUp();
    first.reader.sessionsCaughtUp();
    first.reader.dispose();
    const again = (previous: number) => {
      const { clock, reader, changes } = setUp({ known: new Map(known) });
      reader.begin(false, 105);
      reader.take(entryOf(clock, 'b', 101));
      reader.take(entryOf(clock, 'c', 105));
      reader.take(entryOf(clock, 'a', 107, 'live', 0, previous));
      reader.presenceCaughtUp();
      reader.sessionsCaughtUp();
      return changes[0];
    };
    expect(again(106)).toMatchObject({ type: 'snapshot', at: { number: 107 }, unknownAfter: 100 });
    expect(again(100)).not.toHaveProperty('unknownAfter');
  });

  it('marks a Session as STALE when its publisher falls silent, and restores it when the publisher is back', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    reader.seen('a.Tiltfile', 'p');
    expect(news()).toEqual(['upsert a/Tiltfile 1']);
    reader.gone('a.Tiltfile');
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('treats a publisher that writes as alive, and as silent if no heartbeat follows', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(entryOf(clock, 'b', 2));
    expect(news()[0]).toBe('upsert b/Tiltfile 2 at 2');
    await clock.advance(PRESENCE_MS - 1);
    expect(news()).toEqual([]);
    await clock.advance(1);
    expect(news()).toContain(`stale b/Tiltfile: ${SILENCE}`);
  });

  it('ignores heartbeats of publishers that did not write the state', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS / 3);
    reader.seen('a.Tiltfile', 'q');
    await clock.advance((2 * PRESENCE_MS) / 3);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    reader.seen('a.Tiltfile', 'q');
    expect(news()).toEqual([]);
    reader.take(by('q', entryOf(clock, 'a', 2, 'live', 0, 1)));
    expect(news()[0]).toBe('upsert a/Tiltfile 2 at 2');
    // The previous publisher's heartbeat does not count for the new publisher.
    await clock.advance(PRESENCE_MS - 1);
    reader.seen('a.Tiltfile', 'p');
    await clock.advance(1);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('counts the silence of a new publisher from its first state', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS - 1);
    reader.take(by('q', entryOf(clock, 'a', 2, 'live', 0, 1)));
    expect(news()).toEqual(['upsert a/Tiltfile 2 at 2']);
    await clock.advance(PRESENCE_MS - 1);
    expect(news()).toEqual([]);
    await clock.advance(1);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('pushes no more changes of a Session that is GONE, whatever its publisher does', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(entryOf(clock, 'a', 2, 'gone'));
    news();
    reader.gone('a.Tiltfile');
    reader.seen('a.Tiltfile', 'p');
    await clock.advance(2 * PRESENCE_MS);
    expect(news()).toEqual([]);
  });
});

describe('a Session that is deleted from the bucket', () => {
  function open(clock: ManualClock, epoch: string) {
    const store = createStore({ clock, epoch, sharedSource: 'bucket' });
    let watching = new AbortController();
    /** Watches the source, again if it was watched before. */
    const start = (entries: readonly Entry[], from = 0, isNewestOnly = false) => {
      watching.abort();
      watching = new AbortController();
      const { signal } = watching;
      const readers: BucketReader[] = [];
      const provider: LogProvider = {
        name: 'bucket',
        sharesLog: true,
        counts: createDeltaCounts(),
        watch(push) {
          const { reader } = setUp({ clock, push });
          readers.push(reader);
          signal.addEventListener('abort', () => reader.dispose());
          reader.begin(isNewestOnly, from);
          for (const entry of entries) reader.take(entry);
          reader.presenceCaughtUp();
          reader.sessionsCaughtUp();
          return untilAborted(signal);
        },
      };
      const options = { sink: store, clock, random: () => 0.5, log: silentLog, signal };
      void keepWatching({ provider, ...options, resume: from > 0 });
      const [reader] = readers;
      if (reader === undefined) throw new Error('expected a reader');
      return reader;
    };
    const close = () => {
      watching.abort();
      store.dispose();
    };
    return { store, start, close };
  }

  function write(clock: ManualClock) {
    const states = [entryOf(clock, 'a', 1), entryOf(clock, 'b', 2)];
    const later = [entryOf(clock, 'a', 3, 'deleted'), entryOf(clock, 'b', 4, 'live', 0, 2)];
    return { states, later, all: [...states, ...later] };
  }

  it.each([
    ['while it reads', 0],
    ['while it has no connection', 2],
  ])('S3: is deleted at a gateway %s, as one that starts then has nothing of it', async (_, from) => {
    const clock = createManualClock();
    const { states, later, all } = write(clock);
    const early = open(clock, 'e1');
    const reader = early.start(states);
    const late = open(clock, 'e2');
    late.start(all);
    if (from === 0) for (const entry of later) reader.take(entry);
    else early.start(all, from);
    await clock.advance(1);
    const stores = [early.store, late.store];
    expect(stores.map((store) => store.ids())).toEqual([['b/Tiltfile'], ['b/Tiltfile']]);
    // Cursors from before the deletion.
    expect(late.store.since('bucket1-2', undefined, () => true)).toBeNull();
    early.close();
    late.close();
  });

  it.each([
    ['the whole history', false, 'all'],
    ['only the newest states', true, 'newest'],
    ['a history that has dropped the states before', false, 'newest'],
  ] as const)(
    'S3: is deleted in the tick of the first snapshot after a disconnect, read from %s',
    (_, isNewestOnly, kept) => {
      const clock = createManualClock();
      const { states, later, all } = write(clock);
      const { store, start, close } = open(clock, 'e1');
      start(states);
      const cursor = store.cursor();
      const connections: (string | null)[] = [];
      store.subscribe(({ after }) => connections.push(after?.connection.state ?? null), 'a/Tiltfile');
      start(kept === 'all' ? all : later, 2, isNewestOnly);
      expect(connections.slice(-2)).toEqual(['gone', null]);
      expect(store.ids()).toEqual(['b/Tiltfile']);
      expect(store.isReadable('bucket')).toBe(true);
      // A client that knew the Session receives its deletion or a reset.
      const missed = store.since(cursor, 'a/Tiltfile');
      expect(missed === null ? null : missed.at(-1)?.after).toBeNull();
      close();
    },
  );
});

describe('a Session that has ended', () => {
  /** An entry whose Session takes 300 kB or more. */
  function large(clock: ManualClock, index: number, state: 'live' | 'gone', previous: number): Entry {
    const entry = entryOf(clock, `ci.${index}`, previous + 1, state, 0, previous);
    const content = envelopeOf(entry);
    if (content === null) throw new Error('expected an envelope');
    return { ...entry, content: { ...content, session: largeSession(`ci.${index}`, 2_000, 1, index) } };
  }

  it.each([
    ['before the reader starts', false],
    ['while it reads', true],
  ])('%s is not kept until the bucket expires it', (_, isStarted) => {
    const { clock, reader } = setUp({ push: () => {} });
    const start = () => {
      reader.presenceCaughtUp();
      reader.sessionsCaughtUp();
    };
    reader.begin(false);
    if (isStarted) start();
    const before = measureRetainedMemory();
    for (let index = 0; index < 20; index += 1) {
      reader.take(large(clock, index, 'live', 2 * index));
      reader.take(large(clock, index, 'gone', 2 * index + 1));
    }
    if (!isStarted) start();
    expect(measureRetainedMemory() - before).toBeLessThan(2 ** 20);
    expect(reader.newest('ci.0.Tiltfile')?.revision).toBe(2);
  });
});

describe('the age limit of a bucket', () => {
  it('removes a Session that was not written for that time, until the signal aborts', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    const ending = new AbortController();
    const ended = reader.removeExpired(ending.signal);
    await clock.advance(MAX_AGE_MS - 1);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    await clock.advance(1);
    expect(news()).toEqual(['remove a/Tiltfile: it exceeded the age limit of the bucket']);
    await clock.advance(120_000);
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('S3: deletes a Session at every gateway when it expires, as a gateway that starts then has nothing of it', async () => {
    const clock = createManualClock();
    const ending = new AbortController();
    const open = (epoch: string, ...instances: readonly string[]) => {
      const store = createStore({ clock, epoch, sharedSource: 'bucket' });
      store.open('bucket');
      const { reader } = setUp({ clock, push: (change) => store.apply('bucket', change) });
      reader.begin(false);
      for (const [index, instance] of instances.entries()) reader.take(entryOf(clock, instance, index + 1));
      reader.presenceCaughtUp();
      reader.sessionsCaughtUp();
      const ended = reader.removeExpired(ending.signal);
      return { store, reader, ended };
    };
    const first = open('e1', 'a');
    const written = entryOf(clock, 'a', 1);
    // Between two checks of the first gateway.
    await clock.advance(30_500);
    const second = open('e2');
    second.reader.take(written);
    const stores = [first.store, second.store];
    await clock.advance(MAX_AGE_MS - 30_500 - 1);
    expect(stores.map((store) => store.get('a/Tiltfile')?.connection.state)).toEqual(['stale', 'stale']);
    await clock.advance(1);
    expect(stores.map((store) => store.get('a/Tiltfile'))).toEqual([null, null]);
    ending.abort();
    await Promise.all([first.ended, second.ended]);
    for (const store of stores) store.dispose();
  });

  it('removes nothing before the snapshot', async () => {
    const { clock, reader, news } = setUp();
    const ending = new AbortController();
    reader.begin(false);
    reader.take(entryOf(clock, 'a', 1, 'live', MAX_AGE_MS));
    const ended = reader.removeExpired(ending.signal);
    await clock.advance(120_000);
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
  });

  it('removes no Session whose publisher is alive', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    const ending = new AbortController();
    const ended = reader.removeExpired(ending.signal);
    reader.take(entryOf(clock, 'a', 2, 'live', 2 * MAX_AGE_MS));
    news();
    for (let minute = 0; minute < 10; minute += 1) {
      for (let third = 0; third < 12; third += 1) {
        await clock.advance(PRESENCE_MS / 3);
        reader.seen('a.Tiltfile', 'p');
      }
    }
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
  });

  it('removes no Session if the bucket has no limit', async () => {
    const { clock, reader, news } = setUp({ maxAgeMs: 0 });
    const ending = new AbortController();
    reader.begin(false);
    reader.take(entryOf(clock, 'a', 1));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    news();
    const ended = reader.removeExpired(ending.signal);
    await clock.advance(10 * 60_000);
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
  });
});

describe('a key whose deltas led to another state', () => {
  function wrong(clock: ManualClock, revision: number): Entry {
    return derived(entryOf(clock, 'a', revision, 'live', 0, revision - 1));
  }

  it('takes no further delta until its state was read completely', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(wrong(clock, 2));
    expect(reader.newest('a.Tiltfile')?.revision).toBe(2);
    await clock.advance(4_000);
    expect(reader.awaitsState('a.Tiltfile')).toBe(true);
    expect(reader.newest('a.Tiltfile')).toBeUndefined();
    news();
    reader.heal(entryOf(clock, 'a', 1));
    expect(reader.awaitsState('a.Tiltfile')).toBe(true);
    reader.heal(entryOf(clock, 'a', 2, 'live', 0, 1));
    expect(reader.newest('a.Tiltfile')?.revision).toBe(2);
    expect(reader.awaitsState('a.Tiltfile')).toBe(false);
    expect(news()).toHaveLength(1);
  });

  it('S4: is healed without a position, which would be before that of later revisions of other keys', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(wrong(clock, 2));
    reader.take(entryOf(clock, 'b', 3));
    await clock.advance(4_000);
    news();
    reader.heal(entryOf(clock, 'a', 2, 'live', 0, 1));
    expect(news()).toEqual(['upsert a/Tiltfile 2']);
  });

  it('S4: that is healed before the snapshot has no earlier state in it, and keeps the order of revisions', async () => {
    const { clock, reader, news } = setUp();
    reader.begin(false);
    for (const instance of ['a', 'b']) reader.seen(`${instance}.Tiltfile`, 'p');
    reader.take(entryOf(clock, 'a', 1));
    reader.take(wrong(clock, 2));
    reader.take(entryOf(clock, 'b', 3));
    await clock.advance(4_000);
    reader.heal(entryOf(clock, 'a', 2, 'live', 0, 1));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    expect(news()).toEqual(['snapshot at 2 a/Tiltfile', 'upsert b/Tiltfile 3 at 3']);
  });

  it('stays STALE when it is healed after its publisher fell silent', async () => {
    const { clock, reader, news } = setUpCaughtUp();
    reader.take(wrong(clock, 2));
    await clock.advance(PRESENCE_MS);
    news();
    reader.heal(entryOf(clock, 'a', 2, 'live', 0, 1));
    expect(news()).toEqual([`upsert a/Tiltfile 2 stale: ${SILENCE}`, `stale a/Tiltfile: ${SILENCE}`]);
  });

  it('is not checked again after it was removed', async () => {
    const { clock, reader } = setUp({ maxAgeMs: 61_000 });
    const ending = new AbortController();
    reader.begin(false);
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    const ended = reader.removeExpired(ending.signal);
    await clock.advance(59_500);
    const old = wrong(clock, 2);
    reader.take({ ...old, writtenAt: old.writtenAt - 61_000 });
    reader.gone('a.Tiltfile');
    await clock.advance(5_000);
    expect(reader.awaitsState('a.Tiltfile')).toBe(false);
    ending.abort();
    await ended;
  });

  it('is healed by its next complete state', async () => {
    const { clock, reader } = setUpCaughtUp();
    reader.take(wrong(clock, 2));
    await clock.advance(4_000);
    reader.take(entryOf(clock, 'a', 3, 'live', 0, 2));
    expect(reader.awaitsState('a.Tiltfile')).toBe(false);
    expect(reader.newest('a.Tiltfile')?.revision).toBe(3);
  });
});

describe('a report of a publisher', () => {
  const FROM = 'x.p=231';
  const report = (publisher: string, ...instances: readonly string[]) =>
    JSON.stringify({
      version: 1,
      publisher,
      sessions: Object.fromEntries(instances.map((instance) => [`${instance}.Tiltfile`, 'live'])),
    });

  /** A reader of the live Sessions `x.a` and `x.b` of the publisher `p`, which has reported both. */
  function setUpReported() {
    const parts = setUp();
    const { clock, reader, news } = parts;
    reader.begin(false);
    reader.reported(FROM, report('p', 'x.a', 'x.b'));
    reader.take(entryOf(clock, 'x.a', 1));
    reader.take(entryOf(clock, 'x.b', 2));
    reader.presenceCaughtUp();
    reader.sessionsCaughtUp();
    news();
    return parts;
  }

  it('keeps all of its Sessions alive, and makes them STALE when it stays away', async () => {
    const { clock, reader, news } = setUpReported();
    for (let round = 0; round < 10; round += 1) {
      await clock.advance(PRESENCE_MS / 3);
      reader.reported(FROM, report('p', 'x.a', 'x.b'));
    }
    await clock.advance(PRESENCE_MS - 1);
    expect(news()).toEqual([]);
    await clock.advance(1);
    expect(news()).toEqual([`stale x.a/Tiltfile: ${SILENCE}`, `stale x.b/Tiltfile: ${SILENCE}`]);
    reader.reported(FROM, report('p', 'x.a', 'x.b'));
    expect(news()).toEqual(['upsert x.a/Tiltfile 1', 'upsert x.b/Tiltfile 2']);
  });

  it('that no longer lists a Session lets only that one become STALE', async () => {
    const { clock, reader, news } = setUpReported();
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(PRESENCE_MS / 3);
      reader.reported(FROM, report('p', 'x.a'));
    }
    expect(news()).toEqual([`stale x.b/Tiltfile: ${SILENCE}`]);
    reader.reported(FROM, report('p', 'x.a', 'x.b'));
    expect(news()).toEqual(['upsert x.b/Tiltfile 2']);
  });

  it('does not count for a Session whose newest state another publisher has written', async () => {
    const { clock, reader, news } = setUpReported();
    reader.take(by('q', entryOf(clock, 'x.b', 3, 'live', 0, 2)));
    news();
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(PRESENCE_MS / 3);
      reader.reported(FROM, report('p', 'x.a', 'x.b'));
    }
    expect(news()).toEqual([`stale x.b/Tiltfile: ${SILENCE}`]);
  });

  it('does not count for a Session whose key has another first token', async () => {
    const { clock, reader, news } = setUpReported();
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(PRESENCE_MS / 3);
      reader.reported('y.p=231', report('p', 'x.a', 'x.b'));
    }
    expect(news()).toEqual([`stale x.a/Tiltfile: ${SILENCE}`, `stale x.b/Tiltfile: ${SILENCE}`]);
  });

  it('counts together with the heartbeats of single Sessions, whichever is newer', async () => {
    const { clock, reader, news } = setUpReported();
    await clock.advance(PRESENCE_MS - 1_000);
    reader.seen('x.b.Tiltfile', 'p');
    await clock.advance(1_000);
    expect(news()).toEqual([`stale x.a/Tiltfile: ${SILENCE}`]);
    await clock.advance(PRESENCE_MS - 1_000);
    expect(news()).toEqual([`stale x.b/Tiltfile: ${SILENCE}`]);
  });
});
