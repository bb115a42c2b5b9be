import type { Clock } from '../lib/clock.js';

/** Keys whose publishers are alive. */
export interface Presence {
  /**
   * Records a heartbeat of a key's publisher.
   *
   * @param ageMs age of the heartbeat, in milliseconds: a reader that starts gets those that are kept.
   * Default: 0
   */
  seen(key: string, ageMs?: number): void;
  /**
   * Records a report that lists several keys. Later ones with the same text need only {@link refresh}.
   *
   * @param from key of the report
   * @param ageMs age of the report, in milliseconds
   */
  reported(from: string, report: ReportedKeys, ageMs: number): void;
  /**
   * Records a report that was recorded before, in the same time for any number of keys. Returns false if that
   * is not possible: it has another text, or one of its keys counts as gone or was recorded otherwise since.
   */
  refresh(from: string, text: string, ageMs: number): boolean;
  /** Records that the publisher of a key has left. */
  gone(key: string): void;
  isAlive(key: string): boolean;
  /** Cancels the timer. */
  dispose(): void;
}

/** A report, and those of its keys that it counts for. */
export interface ReportedKeys {
  readonly text: string;
  readonly keys: readonly string[];
  /** Whether it counts for every key that it lists. */
  readonly isComplete: boolean;
}

/** Options of {@link createPresence}. */
export interface PresenceOptions {
  readonly clock: Clock;
  /** Silence after which a publisher counts as gone, in milliseconds. */
  readonly silentMs: number;
  onArrived(key: string): void;
  /** Called when a publisher has been silent for too long or has left. */
  onGone(key: string): void;
}

/** The newest heartbeat of the keys that one message listed. */
interface Heartbeat {
  /** Time, by the monotonic clock. */
  at: number;
  /** Number of keys of which it is the newest heartbeat. */
  keys: number;
}

/** The newest report of a publisher. */
interface Report {
  readonly text: string;
  readonly heartbeat: Heartbeat;
  /** Number of keys that were recorded; infinite if it listed others too. */
  readonly keys: number;
}

/** Detects publishers that have fallen silent. NATS before 2.11 expires their keys without a notification. */
export function createPresence({ clock, silentMs, onArrived, onGone }: PresenceOptions): Presence {
  const heartbeats = new Map<string, Heartbeat>();
  const reports = new Map<string, Report>();
  /** The next check; null while no publisher is alive. */
  let next: { readonly at: number; cancel(): void } | null = null;

  return {
    seen(key, ageMs = 0) {
      if (ageMs < silentMs) record(key, { at: clock.monotonic() - ageMs, keys: 0 });
    },
    reported(from, { text, keys, isComplete }, ageMs) {
      if (ageMs >= silentMs || keys.length === 0) return;
      // Keys that the report no longer lists keep the previous heartbeat.
      const heartbeat = { at: clock.monotonic() - ageMs, keys: 0 };
      reports.set(from, { text, heartbeat, keys: isComplete ? keys.length : Number.POSITIVE_INFINITY });
      for (const key of keys) record(key, heartbeat);
    },
    refresh(from, text, ageMs) {
      const report = reports.get(from);
      if (report?.text !== text || report.heartbeat.keys !== report.keys) return false;
      report.heartbeat.at = Math.max(report.heartbeat.at, clock.monotonic() - ageMs);
      return true;
    },
    gone(key) {
      if (forget(key)) onGone(key);
    },
    isAlive: (key) => heartbeats.has(key),
    dispose() {
      next?.cancel();
      next = null;
    },
  };

  function record(key: string, heartbeat: Heartbeat): void {
    const known = heartbeats.get(key);
    if (known !== undefined && known.at > heartbeat.at) return;
    forget(key);
    heartbeats.set(key, heartbeat);
    heartbeat.keys += 1;
    scheduleCheck(heartbeat.at + silentMs - clock.monotonic());
    if (known === undefined) onArrived(key);
  }

  function forget(key: string): boolean {
    const known = heartbeats.get(key);
    if (known !== undefined) known.keys -= 1;
    return heartbeats.delete(key);
  }

  function scheduleCheck(ms: number): void {
    const at = clock.monotonic() + ms;
    if (next !== null && next.at <= at) return;
    next?.cancel();
    next = { at, cancel: clock.after(ms, check) };
  }

  function check(): void {
    next = null;
    const now = clock.monotonic();
    const isSilent = ({ at }: Heartbeat) => now - at >= silentMs;
    const silent = [...heartbeats].filter(([, heartbeat]) => isSilent(heartbeat));
    // The longest silence is reported first.
    silent.sort(([, a], [, b]) => a.at - b.at);
    for (const [key] of silent) forget(key);
    for (const [from, { heartbeat }] of reports) if (isSilent(heartbeat)) reports.delete(from);
    if (heartbeats.size > 0) {
      const oldest = [...heartbeats.values()].reduce((min, { at }) => Math.min(min, at), now);
      scheduleCheck(oldest + silentMs - now);
    }
    for (const [key] of silent) onGone(key);
  }
}
