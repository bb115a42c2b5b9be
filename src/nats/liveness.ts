import type { Clock } from '../lib/clock.js';
import { isLive } from './bucket-changes.js';
import { type Entry, envelopeOf, type NewestEntry } from './entry.js';
import type { LogChange, RecordedConnection } from './log-change.js';
import { createPresence, type Presence } from './presence.js';
import { decodeReport, mayList } from './presence-report.js';
import { toChanges, withSilence } from './replay.js';

/** Presence of publishers, and the changes that follow: a live Session is STALE while they are silent. */
export interface Liveness
  extends Pick<WriterPresence, 'seen' | 'reported' | 'gone'>,
    Pick<Presence, 'isAlive' | 'dispose'> {
  /** Records that the publisher of a key has written a state, some milliseconds ago. Default: 0. */
  wrote(key: string, ageMs?: number): void;
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

/**
 * Heartbeats and reports of publishers. They count only for keys whose newest state their publisher wrote,
 * and are recorded until these states are known. The name of a publisher is no secret, so a report of another
 * team does not count either.
 */
interface WriterPresence {
  /**
   * Processes a heartbeat of a publisher.
   *
   * @param ageMs age of the heartbeat, in milliseconds. Default: 0
   */
  seen(key: string, publisher: string, ageMs?: number): void;
  /**
   * Processes a report of a publisher, which is a heartbeat for several keys.
   *
   * @param from key of the report
   * @param ageMs age of the report, in milliseconds. Default: 0
   */
  reported(from: string, text: string, ageMs?: number): void;
  /** Processes that the publisher of a key has left. */
  gone(key: string): void;
  /** Applies the recorded heartbeats and reports: the newest states are known from now on. */
  start(): void;
}

/** Dependencies of {@link createWriterPresence}. */
interface WriterPresenceOptions {
  readonly clock: Clock;
  readonly presence: Presence;
  /** Returns the publisher that wrote the newest state of a key. */
  readonly findWriter: (key: string) => string | undefined;
}

/** Creates the state before any heartbeat. */
function createWriterPresence({ clock, presence, findWriter }: WriterPresenceOptions): WriterPresence {
  let hasStarted = false;
  /** Newest heartbeat of each key before the start. */
  const heartbeats = new Map<string, { readonly publisher: string; readonly at: number }>();
  /** Newest report of each publisher before the start. */
  const reports = new Map<string, { readonly text: string; readonly at: number }>();

  return {
    seen(key, publisher, ageMs = 0) {
      if (!hasStarted) setNewer(heartbeats, key, { publisher, at: clock.monotonic() - ageMs });
      else if (publisher === findWriter(key)) presence.seen(key, ageMs);
    },
    reported(from, text, ageMs = 0) {
      if (!hasStarted) setNewer(reports, from, { text, at: clock.monotonic() - ageMs });
      else applyReport(from, text, ageMs);
    },
    gone(key) {
      heartbeats.delete(key);
      reports.delete(key);
      presence.gone(key);
    },
    start() {
      hasStarted = true;
      for (const [key, { publisher, at }] of heartbeats) {
        if (publisher === findWriter(key)) presence.seen(key, clock.monotonic() - at);
      }
      heartbeats.clear();
      for (const [from, { text, at }] of reports) applyReport(from, text, clock.monotonic() - at);
      reports.clear();
    },
  };

  function applyReport(from: string, text: string, ageMs: number): void {
    if (presence.refresh(from, text, ageMs)) return;
    const report = decodeReport(text);
    if (report === null) return;
    const { publisher, keys: listed } = report;
    const keys = listed.filter((key) => mayList(from, key) && findWriter(key) === publisher);
    presence.reported(from, { text, keys, isComplete: keys.length === listed.length }, ageMs);
  }
}

/** Sets the value of a key, unless the key has a newer one: a kept heartbeat may arrive after a new one. */
function setNewer<T extends { readonly at: number }>(values: Map<string, T>, key: string, value: T): void {
  const known = values.get(key);
  if (known === undefined || known.at <= value.at) values.set(key, value);
}
