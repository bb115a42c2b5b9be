import type { SessionLog } from './log.js';
import type { Session, SessionId } from './session.js';

/** Why the newest state of a Session is not known. */
export interface StaleState {
  /** Default: it applies to all Sessions of the provider. */
  readonly id?: SessionId;
  /** One line. */
  readonly error: string;
}

/** A change of a source's Sessions. Changes are applied in order, each of them at once. */
export type Change =
  /**
   * The complete list of Sessions; others are gone. List, "synced" and recovery after a gap in one. May be
   * empty.
   */
  | {
      readonly type: 'snapshot';
      readonly sessions: readonly Session[];
      /**
       * Those of them that are in their last good state, which is not their newest. They become STALE
       * together with the snapshot, so that no client sees them as LIVE. Default: none.
       */
      readonly stale?: readonly StaleState[];
    }
  | {
      readonly type: 'upsert';
      readonly session: Session;
      /**
       * Indices of the targets that may differ from the last state of the Session that this watch pushed. The
       * other targets are unchanged, at the same indices, and are not compared again. Default: any may
       * differ.
       */
      readonly changedTargets?: readonly number[];
    }
  | {
      readonly type: 'remove';
      readonly id: SessionId;
      /** Reason, as part of a sentence. Default: it was removed. */
      readonly reason?: string;
    }
  /**
   * The connection broke, or the newest object could not be decoded. The last good state stays, marked STALE,
   * until an upsert or a snapshot replaces it.
   */
  | ({ readonly type: 'stale' } & StaleState)
  /**
   * Whether the source provides a kind of objects in addition to its Sessions, such as `uiresources`. The
   * Sessions are not affected; their facts are pushed with them.
   */
  | {
      readonly type: 'availability';
      readonly kind: string;
      /** Why it does not, on one line that names the kind; null if it does. */
      readonly error: string | null;
    }
  /**
   * The log of a Session, which the provider appends to; null when it has none. It is kept as long as the
   * Session, also while that is STALE or GONE. New lines are no change of the Session.
   */
  | { readonly type: 'log'; readonly id: SessionId; readonly log: SessionLog | null };

/**
 * Receiver of the changes of all sources: the store. Calls are synchronous and never wait for a reader (U1).
 */
export interface ChangeSink {
  /**
   * Opens a source, which has no Sessions yet. Throws if the name is in use. With `optional`, the gateway is
   * ready even if the source's first attempt fails, as for a Tilt that was found but has crashed.
   */
  open(source: string, options?: { readonly optional?: boolean }): void;
  /** Applies one change completely before it returns. Ignored after `close`. */
  apply(source: string, change: Change): void;
  /**
   * Closes a source: its Sessions are GONE, for the given reason. Has no effect if the source is not open.
   */
  close(source: string, reason: string): void;
}
