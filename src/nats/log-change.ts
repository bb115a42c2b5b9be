import type { DeltaCounts } from '../lib/metrics.js';
import type { Change } from '../model/change.js';
import type { MicroTime } from '../model/micro-time.js';
import type { SessionId } from '../model/session.js';
import type { SessionProvider } from '../providers/provider.js';

/**
 * Extension of the provider contract for a log that several gateways read, such as a NATS bucket. If it is
 * the only source of a gateway, the positions of its changes become the gateway's cursors. A client can then
 * resume at any gateway that reads the log.
 */
export interface LogProvider extends SessionProvider {
  readonly sharesLog: true;
  /** Counts of its messages. They continue when the provider is watched again. */
  readonly counts: Readonly<DeltaCounts>;
  watch(push: (change: LogChange) => void, signal: AbortSignal): Promise<void>;
}

/** Position in a log. */
export interface LogPosition {
  /** Identifies the log. Lower-case letters and digits. */
  readonly log: string;
  /** Rises from change to change. */
  readonly number: number;
}

/**
 * State of the connection between a publisher and its Tilt, as recorded in the log, or STALE because the
 * publisher is silent.
 */
export interface RecordedConnection {
  readonly state: 'stale' | 'gone';
  /**
   * Time of the record, by the clock of the log's servers, or of this gateway's observation. For a result
   * whose publisher this gateway never saw alive, the time at which it was written.
   */
  readonly since: MicroTime;
  /** Time since then, in milliseconds. Default: 0. */
  readonly ageMs?: number;
  /** Reason why the connection is not live. */
  readonly error: string;
}

/**
 * A {@link Change} with its position in a log. Changes without a position are this gateway's own
 * observations.
 */
export type LogChange =
  | (ChangeOfType<'snapshot'> & {
      readonly at: LogPosition;
      /**
       * Position after which states of a Session are unknown, if that is before an earlier change: the log
       * had dropped them when they should have been read. Default: none are unknown.
       */
      readonly unknownAfter?: number;
      /** Connections of its Sessions. Default: live. */
      readonly connections?: ReadonlyMap<SessionId, RecordedConnection>;
      /**
       * Changes after the snapshot, applied together with it. Each becomes a revision of its own, so that a
       * client can resume between them. Default: none.
       */
      readonly followedBy?: readonly LogChange[];
      /**
       * Position up to which the log was read. Positions after the last change have no effect. Default: `at`.
       */
      readonly upTo?: LogPosition;
    })
  | (ChangeOfType<'upsert'> & {
      readonly at?: LogPosition;
      /** Position after which earlier states of the Session are unknown. Default: none are unknown. */
      readonly unknownAfter?: number;
      /** Connection in the same revision of the log, applied together with the Session. Default: live. */
      readonly connection?: RecordedConnection;
      /** Estimated memory of what it does not share with earlier states, in bytes. Default: not known. */
      readonly bytes?: number;
    })
  | (ChangeOfType<'remove'> & {
      readonly at?: LogPosition;
      readonly unknownAfter?: number;
      /** Time of the removal, if the log recorded it. Default: now. */
      readonly since?: MicroTime;
      /** Time since then, in milliseconds. Infinite: the Session is not kept as GONE. Default: 0. */
      readonly ageMs?: number;
    })
  | ChangeOfType<'stale'>
  | ChangeOfType<'availability' | 'log'>;

type ChangeOfType<T extends Change['type']> = Extract<Change, { readonly type: T }>;

/** Whether the changes of a provider have positions in a log that several gateways read. */
export function isLogProvider(provider: SessionProvider): provider is LogProvider {
  return 'sharesLog' in provider && provider.sharesLog === true;
}
