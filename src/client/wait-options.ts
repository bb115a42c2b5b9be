import type { TargetPhase } from './generated.js';
import type { TargetsView } from './views.js';

/**
 * What is waited for:
 *
 * - `ready`: the Session's verdict is PASSED. FAILED is a failure, also of `tilt up`, where it might still turn.
 * - `done`: the Session is done, which `tilt up` never is, with the verdict PASSED. Done and FAILED is a failure.
 * - a target's phase, exactly that: READY is not RUNNING. For a Session of `tilt ci` it is a failure when the target FAILED, or
 *   the Session is done, while another phase is waited for.
 */
export type Condition = 'ready' | 'done' | { readonly target: string; readonly phase: TargetPhase };

/** What to wait for, and for how long. */
export interface WaitOptions {
  /** The Session's id. May be left out while exactly one is known; it may also be of one yet to come. */
  readonly session?: string | undefined;
  readonly for: Condition;
  /** How long to wait, in milliseconds. Default: for ever. */
  readonly timeoutMs?: number | undefined;
  /**
   * How old news may be that still counts, in milliseconds: for how long the link to the gateway, or the gateway's to Tilt, may
   * have been away, and for how long there may be no such Session, before the outcome is `unknown`. Default: 10,000.
   */
  readonly maxAgeMs?: number | undefined;
  /** Gives up waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Is told of each view that is looked at. */
  readonly onView?: ((view: TargetsView) => void) | undefined;
}

/** How a wait ended. */
export interface WaitOutcome {
  /**
   * `reached` and `failed` are said of news that came over a link that was live all the way to Tilt, or of the final state of
   * a Session whose Tilt has left; `unknown` when there is no such news; `timeout` when the time was over first.
   */
  readonly result: 'reached' | 'failed' | 'unknown' | 'timeout';
  /** One line for a person. */
  readonly reason: string;
  /** The last view; null when none came. */
  readonly view: TargetsView | null;
}
