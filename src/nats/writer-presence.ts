import type { Clock } from '../lib/clock.js';
import type { Presence } from './presence.js';
import { decodeReport, mayList } from './presence-report.js';

/**
 * Heartbeats and reports of publishers. They count only for keys whose newest state their publisher wrote,
 * and are recorded until these states are known. The name of a publisher is no secret, so a report of another
 * team does not count either.
 */
export interface WriterPresence {
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
export interface WriterPresenceOptions {
  readonly clock: Clock;
  readonly presence: Presence;
  /** Returns the publisher that wrote the newest state of a key. */
  readonly findWriter: (key: string) => string | undefined;
}

/** Creates the state before any heartbeat. */
export function createWriterPresence({ clock, presence, findWriter }: WriterPresenceOptions): WriterPresence {
  let hasStarted = false;
  /** Newest heartbeat of each key before the start. */
  const heartbeats = new Map<string, { readonly publisher: string; readonly at: number }>();
  /** Newest report of each publisher before the start. */
  const reports = new Map<string, { readonly text: string; readonly at: number }>();

  return {
    seen(key, publisher, ageMs = 0) {
      if (!hasStarted) heartbeats.set(key, { publisher, at: clock.monotonic() - ageMs });
      else if (publisher === findWriter(key)) presence.seen(key, ageMs);
    },
    reported(from, text, ageMs = 0) {
      if (!hasStarted) reports.set(from, { text, at: clock.monotonic() - ageMs });
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
