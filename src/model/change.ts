import type { MicroTime } from './micro-time.js';
import type { Session, SessionId } from './session.js';

/** Where a change stands in the log of a source that several gateways read. */
export interface LogPosition {
  /** Tells the log from others: small letters and digits. */
  readonly log: string;
  /** Rises from change to change. */
  readonly number: number;
}

/** State of the connection between a publisher and its Tilt, as the publisher recorded it together with a Session. */
export interface RecordedConnection {
  readonly state: 'stale' | 'gone';
  /** Time of the record, by the clock of the log's servers. */
  readonly since: MicroTime;
  /** Reason why it is not live. */
  readonly error: string;
}

/** What a provider says of its Sessions, in order. What arrives is applied at once. */
export type Change =
  /** This is everything: what is missing from it is gone. At once a list, "synced", and recovery after a gap; may be empty. */
  | {
      readonly type: 'snapshot';
      readonly sessions: readonly Session[];
      readonly at?: LogPosition;
      /** What came after it, to be applied with it, at once: readers that come back are told it one by one. Default: nothing. */
      readonly followedBy?: readonly Change[];
      /** Up to here the log was read: what stands between the last of these and this says nothing of its Sessions. */
      readonly upTo?: LogPosition;
    }
  | {
      readonly type: 'upsert';
      readonly session: Session;
      /**
       * Indices of the targets that may differ from the Session's last state that this watch has pushed. All others are the same, in
       * the same places, and are not compared again. Default: any may differ.
       */
      readonly changedTargets?: readonly number[];
      readonly at?: LogPosition;
      /** State of the connection in the same revision of a shared log, applied with the Session. Default: live. */
      readonly connection?: RecordedConnection;
    }
  | {
      readonly type: 'remove';
      readonly id: SessionId;
      /** Why; a part of a sentence. Default: it was removed. */
      readonly reason?: string;
      readonly at?: LogPosition;
      /** When it left, if a shared log has recorded that. Default: now. */
      readonly since?: MicroTime;
    }
  /**
   * What is known may be out of date, and why: the link broke, or the newest object could not be understood. The last
   * good state stays, marked STALE, until an upsert or snapshot brings a new one. Without an id it is said of every
   * Session of the provider.
   */
  | { readonly type: 'stale'; readonly id?: SessionId; readonly error: string };

/** Where the changes of every source go: the store. Calls are synchronous and never wait for a reader (guarantee U1). */
export interface ChangeSink {
  /**
   * A source of this name begins, or begins again after `close`; it has given nothing yet. Throws if the name is in use.
   * `optional`: the gateway counts as ready even when the source's first try fails (a Tilt that was found, but crashed).
   */
  open(source: string, options?: { readonly optional?: boolean }): void;
  /** Applies one change, whole, before it returns. Ignored after `close`. */
  apply(source: string, change: Change): void;
  /** The source is at its end: its Sessions are GONE, for the reason given. Harmless when it is not open. */
  close(source: string, reason: string): void;
}
