import { type Clock, sleep } from '../lib/clock.js';
import type { Bucket } from './bucket.js';
import { type Entry, reachedAt } from './entry.js';
import type { LogChange } from './log-change.js';
import { createPresence } from './presence.js';
import { changesOf, replay } from './replay.js';

/** What a {@link Reading} works with. */
export interface ReadingOptions {
  readonly clock: Clock;
  /** For how long after its end a Session is still shown when the reading begins, in milliseconds. */
  readonly retainMs: number;
  readonly push: (change: LogChange) => void;
  /**
   * Called when less was read than an earlier reading has told, with the newest that was: throws to try again, or returns
   * when the rest counts as lost. Default: it does.
   */
  readonly onLoss?: (newest: number) => void;
  /**
   * Called when the bucket has forgotten states of a key before they were read, with the newest that was: throws to begin
   * anew, so that cursors in between are not taken for known. Default: they are.
   */
  readonly onGap?: (entry: Entry, known: number) => void;
}

/** How often is looked for Sessions that the bucket has forgotten, in milliseconds. */
const FORGET_LOOK_MS = 60_000;

/** What is known of a bucket while it is read. */
export interface Reading {
  /**
   * Takes a sign of life. That of a publisher which has not written the newest state of the key says nothing of this state.
   *
   * @param ageMs how long ago it was given, in milliseconds. Default: 0
   */
  heard(key: string, publisher: string, ageMs?: number): void;
  /** The publisher of a key has said that it leaves. */
  left(key: string): void;
  /** `from`: up to which revision all was told by an earlier reading; 0 when there was none. */
  begin(isNewestOnly: boolean, from?: number): void;
  take(entry: Entry): void;
  presenceKnown(): void;
  sessionsKnown(): void;
  /** Removes what the bucket's age limit has ended, again and again. */
  forget(signal: AbortSignal): Promise<void>;
  /** Ends the timer. */
  dispose(): void;
}

/** Makes changes of what comes from a bucket and from its presence. */
export function createReading(
  { log, presenceMs, maxAgeMs }: Pick<Bucket, 'log' | 'presenceMs' | 'maxAgeMs'>,
  { clock, retainMs, push, onLoss = () => {}, onGap = () => {} }: ReadingOptions,
): Reading {
  /** The newest of each key. */
  const newest = new Map<string, Entry>();
  let first: Entry[] | null = [];
  /** The newest sign of life of each key, until it is known who has written the state. */
  const signs = new Map<string, { readonly publisher: string; readonly at: number }>();
  let beginning = { isNewestOnly: false, from: 0 };
  const waitsFor = new Set(['presence', 'sessions']);
  const presence = createPresence({
    clock,
    silentMs: presenceMs,
    onArrived: (key) => settle(key, (entry) => changesOf(entry)),
    onGone: (key) => settle(key, ({ id }) => [{ type: 'stale', id, error: silence }]),
  });
  const silence = `its publisher has not been heard of for ${presenceMs / 1_000} s`;

  return {
    heard(key, publisher, ageMs = 0) {
      if (first) signs.set(key, { publisher, at: clock.monotonic() - ageMs });
      else if (publisher === writerOf(newest.get(key))) presence.heard(key, ageMs);
    },
    left(key) {
      signs.delete(key);
      presence.left(key);
    },
    begin(isNewestOnly, from = 0) {
      beginning = { isNewestOnly, from };
    },
    take(entry) {
      if (first) {
        newest.set(entry.key, entry);
        first.push(entry);
        return;
      }
      const known = newest.get(entry.key);
      const revision = known?.revision ?? 0;
      if (isAfterGap(entry, revision)) onGap(entry, revision);
      newest.set(entry.key, entry);
      const isThere = presence.isThere(entry.key) && writerOf(known) === writerOf(entry);
      for (const change of newsIn(entry)) push(change);
      // Who writes is there: its presence may only come later.
      if (!isThere) presence.heard(entry.key);
    },
    presenceKnown: () => known('presence'),
    sessionsKnown() {
      const read = first?.at(-1)?.revision ?? 0;
      if (first !== null && read < beginning.from) onLoss(read);
      known('sessions');
    },
    async forget(signal) {
      while (!signal.aborted) {
        await sleep(clock, FORGET_LOOK_MS, signal);
        if (maxAgeMs > 0 && !signal.aborted) forgetOlderThan(clock.now() - maxAgeMs);
      }
    },
    dispose: () => presence.dispose(),
  };

  function known(what: string): void {
    waitsFor.delete(what);
    if (waitsFor.size > 0 || first === null) return;
    const entries = first;
    for (const [key, { publisher, at }] of signs) {
      if (publisher === writerOf(newest.get(key))) presence.heard(key, clock.monotonic() - at);
    }
    signs.clear();
    first = null;
    const shown = entries.filter(({ key }) => !isOver(newest.get(key)));
    // Not the bucket's newest: a server that lags may not have given it yet.
    const at = Math.max(entries.at(-1)?.revision ?? 0, beginning.from);
    // A reader that knew one that is left out must not be told that it missed nothing.
    const leftOut = [...newest.values()].filter(isOver).map(({ revision }) => revision);
    const from = leftOut.reduce((latest, revision) => Math.max(latest, revision), beginning.from);
    push(replay({ ...beginning, entries: shown, newest: at, log, from }));
    for (const { key, id, content } of newest.values()) {
      const isLive = content !== null && 'link' in content && content.link === 'live';
      if (isLive && !presence.isThere(key)) push({ type: 'stale', id, error: silence });
    }
  }

  /** Whether it ended so long ago that nobody is to be told any more. */
  function isOver(entry: Entry | undefined): boolean {
    const content = entry?.content;
    const isGone =
      content === null || (content !== undefined && 'link' in content && content.link === 'gone');
    return isGone && entry !== undefined && clock.now() - reachedAt(entry) > retainMs;
  }

  /** A Session that ended long ago, and is written again because it was deleted, is not shown once more. */
  function newsIn(entry: Entry): LogChange[] {
    const { content } = entry;
    const isGone = content !== null && 'link' in content && content.link === 'gone';
    // Not by the wall clock, which may be wrong: its result would be lost.
    const isOver = isGone && (content.ageMs ?? 0) > retainMs;
    return changesOf(isOver ? { ...entry, content: null } : entry, log);
  }

  /** Tells what has come of a publisher, unless its Session is not live anyway. */
  function settle(key: string, changes: (entry: Entry) => LogChange[]): void {
    const entry = newest.get(key);
    if (first !== null || !entry?.content || !('link' in entry.content) || entry.content.link !== 'live')
      return;
    for (const change of changes(entry)) push(change);
  }

  function forgetOlderThan(time: number): void {
    for (const [key, { id, writtenAt }] of newest) {
      if (writtenAt >= time || presence.isThere(key)) continue;
      newest.delete(key);
      push({ type: 'remove', id, reason: "the bucket's age limit has ended it" });
    }
  }
}

/** Which run of a publisher has written a state; null where that is not known. */
function writerOf(entry: Entry | undefined): string | null {
  const content = entry?.content;
  return content !== null && content !== undefined && 'publisher' in content ? content.publisher : null;
}

/** Whether it follows another revision of its key than the one that was read before it. */
function isAfterGap({ content }: Entry, known: number): boolean {
  return content !== null && 'previous' in content && content.previous !== known;
}
