import type { Clock } from '../lib/clock.js';
import { isLive } from './bucket-changes.js';
import type { LogChange, RecordedConnection } from './log-change.js';
import { createPresence, type Presence } from './presence.js';
import { type Entry, envelopeOf, type NewestEntry, toChanges, withSilence } from './replay.js';
import { createWriterPresence, type WriterPresence } from './writer-presence.js';

/** Presence of publishers, and the changes that follow: a live Session is STALE while they are silent. */
export interface Liveness
  extends Pick<WriterPresence, 'seen' | 'reported' | 'gone'>,
    Pick<Presence, 'isAlive' | 'dispose'> {
  /** Records that the publisher of a key has written a state. */
  wrote(key: string): void;
  /** Starts to push changes: the newest states are known from now on. */
  start(): void;
  /** Connection of a live Session whose publisher is silent; null for others. */
  silenceOf(entry: Entry): RecordedConnection | null;
  /** Pushes the error of the source for each silent Session. */
  pushSilences(): void;
  /** Pushes a state, and the silence of its publisher. */
  pushState(entry: Entry): void;
}

/** Dependencies of {@link createLiveness}. */
export interface LivenessOptions {
  readonly clock: Clock;
  /** Silence after which a publisher counts as gone, in milliseconds. */
  readonly silentMs: number;
  /** Newest entry of each key, kept by the caller. */
  readonly newest: ReadonlyMap<string, NewestEntry>;
  readonly push: (change: LogChange) => void;
}

/** Creates the liveness of publishers of which nothing is known. */
export function createLiveness({ clock, silentMs, newest, push }: LivenessOptions): Liveness {
  const silence = `no heartbeat of its publisher for ${silentMs / 1_000} s`;
  const presence = createPresence({
    clock,
    silentMs,
    onArrived: (key) => pushIfLive(key, (entry) => toChanges(entry)),
    onGone: (key) => pushIfLive(key, ({ id }) => [{ type: 'stale', id, error: silence }]),
  });
  const findWriter = (key: string) => envelopeOf(newest.get(key))?.publisher;
  const writers = createWriterPresence({ clock, presence, findWriter });
  let hasStarted = false;

  return {
    seen: writers.seen,
    reported: writers.reported,
    gone: writers.gone,
    isAlive: presence.isAlive,
    wrote: presence.seen,
    start() {
      writers.start();
      hasStarted = true;
    },
    silenceOf,
    pushSilences() {
      for (const entry of newest.values()) pushSilence(entry);
    },
    pushState(entry) {
      // Without a position: later ones of other keys were pushed since, and cursors never go back.
      for (const change of withSilence(toChanges(entry), silenceOf(entry))) push(change);
      pushSilence(entry);
    },
    dispose: presence.dispose,
  };

  function silenceOf(entry: Entry): RecordedConnection | null {
    return isSilent(entry) ? { state: 'stale', ...beginOfSilence(entry), error: silence } : null;
  }

  /**
   * Begin of a silence that is found when reading starts: now, or for a result the last word of its
   * publisher. A result is no newer than that, and would look new if the reader wrote it elsewhere.
   */
  function beginOfSilence(entry: Entry): Pick<RecordedConnection, 'since' | 'ageMs'> {
    const now = clock.now();
    const isDone = envelopeOf(entry)?.session.status.done === true;
    const at = isDone ? Math.min(entry.writtenAt, now) : now;
    const since = new Date(at).toISOString();
    return at < now ? { since, ageMs: now - at } : { since };
  }

  /** Pushes the error of the source for a silent Session that is STALE already. */
  function pushSilence(entry: NewestEntry): void {
    if (isSilent(entry)) push({ type: 'stale', id: entry.id, error: silence });
  }

  function isSilent(entry: NewestEntry): boolean {
    return isLive(entry) && !presence.isAlive(entry.key);
  }

  /** Pushes the changes that follow from a publisher's presence. Sessions that are not live have none. */
  function pushIfLive(key: string, changes: (entry: Entry) => LogChange[]): void {
    const entry = newest.get(key);
    if (!hasStarted || entry === undefined || !isLive(entry)) return;
    for (const change of changes(entry)) push(change);
  }
}
