import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/nats/entry.js';
import type { LogChange } from '../../src/nats/log-change.js';
import { createReading } from '../../src/nats/reading.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';
import { session } from '../support/sessions.js';

const LOG = 'bucket1';
const PRESENCE_MS = 15_000;
const RETAIN_MS = 3_600_000;
const MAX_AGE_MS = 24 * 3_600_000;
const SILENCE = 'its publisher has not been heard of for 15 s';

function setUp({ maxAgeMs = MAX_AGE_MS } = {}) {
  const clock = createManualClock();
  const changes: LogChange[] = [];
  const gaps: string[] = [];
  const reading = createReading(
    { log: LOG, presenceMs: PRESENCE_MS, maxAgeMs },
    {
      clock,
      retainMs: RETAIN_MS,
      push: (change) => changes.push(change),
      onGap: ({ key, revision }, known) => gaps.push(`${key} ${known} to ${revision}`),
    },
  );
  /** What was told since the last look, in short. */
  const news = () => changes.splice(0).flatMap(inShort);
  return { clock, reading, news, gaps };
}

/** A reading that has had its snapshot of a live Session `a` whose publisher is there. */
function setUpCaughtUp() {
  const parts = setUp();
  parts.reading.begin(false);
  parts.reading.heard('a.Tiltfile', 'p');
  parts.reading.take(entryOf(parts.clock, 'a', 1));
  parts.reading.presenceKnown();
  parts.reading.sessionsKnown();
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
      link: state,
      error: state === 'gone' ? 'tilt exited' : null,
      session: session(instance, {}, { resourceVersion: String(revision) }),
    },
  };
}

/** The entry of a state that another publisher has written. */
function by(publisher: string, entry: Entry): Entry {
  const { content } = entry;
  return content !== null && 'link' in content ? { ...entry, content: { ...content, publisher } } : entry;
}

/** The entry of a state that was written this long ago already. */
function again(entry: Entry, ageMs: number): Entry {
  const { content } = entry;
  return content !== null && 'link' in content ? { ...entry, content: { ...content, ageMs } } : entry;
}

function inShort(change: LogChange): string[] {
  const place = 'at' in change && change.at ? ` at ${change.at.number}` : '';
  switch (change.type) {
    case 'snapshot': {
      const ids = change.sessions.map(({ id }) => ` ${id}`).join('');
      return [`snapshot${place}${ids}`, ...(change.followedBy ?? []).flatMap(inShort)];
    }
    case 'upsert':
      return [
        `upsert ${change.session.id} ${change.session.metadata.resourceVersion}${connectionInShort(change)}${place}`,
      ];
    case 'remove':
      return [`remove ${change.id}: ${change.reason}${place}`];
    case 'stale':
      return [`stale ${change.id}: ${change.error}`];
  }
}

function connectionInShort({ connection }: Extract<LogChange, { type: 'upsert' }>): string {
  return connection ? ` ${connection.state}: ${connection.error}` : '';
}

describe('the beginning of a reading', () => {
  it.each([
    ['presence first', ['presenceKnown', 'sessionsKnown']],
    ['Sessions first', ['sessionsKnown', 'presenceKnown']],
  ] as const)('waits for both presence and Sessions: %s', (_, [first, second]) => {
    const { clock, reading, news } = setUp();
    reading.begin(false);
    reading.heard('a.Tiltfile', 'p');
    reading.take(entryOf(clock, 'a', 1));
    reading.take(entryOf(clock, 'a', 2));
    reading[first]();
    expect(news()).toEqual([]);
    reading[second]();
    expect(news()).toEqual(['snapshot at 0', 'upsert a/Tiltfile 1 at 1', 'upsert a/Tiltfile 2 at 2']);
    reading[second]();
    expect(news()).toEqual([]);
  });

  it('tells an empty bucket too', () => {
    const { reading, news } = setUp();
    reading.begin(false);
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual(['snapshot at 0']);
  });

  it('stands at the newest revision that was read when only the newest states are: of what has not come it says nothing', () => {
    const { clock, reading, news } = setUp();
    reading.begin(true);
    reading.heard('a.Tiltfile', 'p');
    reading.take(entryOf(clock, 'a', 5));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual(['snapshot at 5 a/Tiltfile']);
  });

  it('says STALE of what is live by its last word, but whose publisher is not there', () => {
    const { clock, reading, news } = setUp();
    reading.begin(true);
    reading.take(entryOf(clock, 'a', 1));
    reading.take(entryOf(clock, 'b', 2, 'gone'));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual([
      'snapshot at 2 a/Tiltfile b/Tiltfile',
      'upsert b/Tiltfile 2 gone: tilt exited',
      `stale a/Tiltfile: ${SILENCE}`,
    ]);
  });

  it('says STALE of what is live by its last word, but whose key only another publisher says to have', () => {
    const { clock, reading, news } = setUp();
    reading.begin(true);
    reading.heard('a.Tiltfile', 'q');
    reading.heard('b.Tiltfile', 'q');
    reading.take(entryOf(clock, 'a', 1));
    reading.take(by('q', entryOf(clock, 'b', 2)));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual(['snapshot at 2 a/Tiltfile b/Tiltfile', `stale a/Tiltfile: ${SILENCE}`]);
  });

  it.each(['gone', 'deleted'] as const)('leaves out what was %s too long ago, and nothing else', (state) => {
    const { clock, reading, news } = setUp();
    reading.begin(true);
    for (const instance of ['a', 'b', 'c']) reading.heard(`${instance}.Tiltfile`, 'p');
    reading.take(entryOf(clock, 'a', 1, state, RETAIN_MS + 1));
    reading.take(entryOf(clock, 'b', 2, 'gone', RETAIN_MS));
    reading.take(entryOf(clock, 'c', 3, 'live', RETAIN_MS + 1));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual(['snapshot at 3 b/Tiltfile c/Tiltfile', 'upsert b/Tiltfile 2 gone: tilt exited']);
  });

  it('leaves out what ended too long ago and was written again since', () => {
    const { clock, reading, news } = setUp();
    reading.begin(true);
    reading.take(again(entryOf(clock, 'a', 1, 'gone'), RETAIN_MS + 1));
    reading.take(again(entryOf(clock, 'b', 2, 'gone'), RETAIN_MS));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news()).toEqual(['snapshot at 2 b/Tiltfile', 'upsert b/Tiltfile 2 gone: tilt exited']);
  });

  it('shows what ended long ago but has begun again', () => {
    const { clock, reading, news } = setUp();
    reading.begin(false);
    reading.heard('a.Tiltfile', 'p');
    reading.take(entryOf(clock, 'a', 1, 'gone', 2 * RETAIN_MS));
    reading.take(entryOf(clock, 'a', 2));
    reading.presenceKnown();
    reading.sessionsKnown();
    expect(news().at(-1)).toBe('upsert a/Tiltfile 2 at 2');
  });
});

describe('a reading that goes on', () => {
  it('tells each revision as it comes, at its place', () => {
    const { clock, reading, news } = setUpCaughtUp();
    reading.take(entryOf(clock, 'a', 7));
    reading.take(entryOf(clock, 'a', 8, 'gone'));
    reading.take(entryOf(clock, 'a', 9, 'deleted'));
    expect(news()).toEqual([
      'upsert a/Tiltfile 7 at 7',
      'upsert a/Tiltfile 8 gone: tilt exited at 8',
      'remove a/Tiltfile: it was deleted from the bucket at 9',
    ]);
  });

  it('shows the end of a Session that is written again only while it is kept', () => {
    const { clock, reading, news } = setUpCaughtUp();
    reading.take(again(entryOf(clock, 'b', 2, 'gone'), RETAIN_MS));
    reading.take(again(entryOf(clock, 'c', 3, 'gone'), RETAIN_MS + 1));
    reading.take(again(entryOf(clock, 'a', 4, 'live', 0, 1), RETAIN_MS + 1));
    expect(news()).toEqual([
      'upsert b/Tiltfile 2 gone: tilt exited at 2',
      'remove c/Tiltfile: it was deleted from the bucket at 3',
      'upsert a/Tiltfile 4 at 4',
    ]);
  });

  it('notices when the bucket has forgotten states before they came, of a key that is known and of one that is not', () => {
    const { clock, reading, gaps } = setUpCaughtUp();
    reading.take(entryOf(clock, 'a', 7, 'live', 0, 1));
    reading.take(entryOf(clock, 'b', 8, 'live', 0, 0));
    reading.take(entryOf(clock, 'a', 9, 'deleted'));
    reading.take(entryOf(clock, 'a', 10, 'live', 0, 9));
    expect(gaps).toEqual([]);
    reading.take(entryOf(clock, 'a', 80, 'live', 0, 79));
    reading.take(entryOf(clock, 'c', 81, 'live', 0, 20));
    expect(gaps).toEqual(['a.Tiltfile 10 to 80', 'c.Tiltfile 0 to 81']);
  });

  it('says STALE when the publisher falls silent, and the last state again when it is back', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    reading.heard('a.Tiltfile', 'p');
    expect(news()).toEqual(['upsert a/Tiltfile 1']);
    reading.left('a.Tiltfile');
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('takes who writes for there, before its presence comes, and for silent if that never comes', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    reading.take(entryOf(clock, 'b', 2));
    expect(news()[0]).toBe('upsert b/Tiltfile 2 at 2');
    await clock.advance(PRESENCE_MS - 1);
    expect(news()).toEqual([]);
    await clock.advance(1);
    expect(news()).toContain(`stale b/Tiltfile: ${SILENCE}`);
  });

  it('takes no sign of life for one of the publisher that has written the state, unless it is', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS / 3);
    reading.heard('a.Tiltfile', 'q');
    await clock.advance((2 * PRESENCE_MS) / 3);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    reading.heard('a.Tiltfile', 'q');
    expect(news()).toEqual([]);
    reading.take(by('q', entryOf(clock, 'a', 2, 'live', 0, 1)));
    expect(news()[0]).toBe('upsert a/Tiltfile 2 at 2');
    // The one from before is no sign of the new one.
    await clock.advance(PRESENCE_MS - 1);
    reading.heard('a.Tiltfile', 'p');
    await clock.advance(1);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('counts the silence of another publisher from its first state', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    await clock.advance(PRESENCE_MS - 1);
    reading.take(by('q', entryOf(clock, 'a', 2, 'live', 0, 1)));
    expect(news()).toEqual(['upsert a/Tiltfile 2 at 2']);
    await clock.advance(PRESENCE_MS - 1);
    expect(news()).toEqual([]);
    await clock.advance(1);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
  });

  it('says no more of a Session that is gone, whatever its publisher does', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    reading.take(entryOf(clock, 'a', 2, 'gone'));
    news();
    reading.left('a.Tiltfile');
    reading.heard('a.Tiltfile', 'p');
    await clock.advance(2 * PRESENCE_MS);
    expect(news()).toEqual([]);
  });
});

describe("the bucket's age limit", () => {
  it('removes what nobody has written for so long, and stops when it is told to', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    const ending = new AbortController();
    const ended = reading.forget(ending.signal);
    await clock.advance(MAX_AGE_MS);
    expect(news()).toEqual([`stale a/Tiltfile: ${SILENCE}`]);
    await clock.advance(60_000);
    expect(news()).toEqual(["remove a/Tiltfile: the bucket's age limit has ended it"]);
    await clock.advance(120_000);
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
    expect(clock.pending).toBe(0);
  });

  it('removes nothing whose publisher is there', async () => {
    const { clock, reading, news } = setUpCaughtUp();
    const ending = new AbortController();
    const ended = reading.forget(ending.signal);
    reading.take(entryOf(clock, 'a', 2, 'live', 2 * MAX_AGE_MS));
    news();
    for (let minute = 0; minute < 10; minute += 1) {
      for (let third = 0; third < 12; third += 1) {
        await clock.advance(PRESENCE_MS / 3);
        reading.heard('a.Tiltfile', 'p');
      }
    }
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
  });

  it('removes nothing of a bucket that has none', async () => {
    const { clock, reading, news } = setUp({ maxAgeMs: 0 });
    const ending = new AbortController();
    reading.begin(false);
    reading.take(entryOf(clock, 'a', 1));
    reading.presenceKnown();
    reading.sessionsKnown();
    news();
    const ended = reading.forget(ending.signal);
    await clock.advance(10 * 60_000);
    expect(news()).toEqual([]);
    ending.abort();
    await ended;
  });
});
