import type { TargetPhase } from './generated.js';
import type { Run } from './run.js';
import type { TargetsView } from './views.js';

/**
 * What is waited for:
 *
 * - `ready`: the Session's verdict is PASSED. FAILED is a failure, also of `tilt up`, where it might still turn.
 * - `done`: `tilt ci` is done, with the verdict PASSED. Done and FAILED is a failure. A `tilt up` is never done: `impossible`.
 * - a target's phase, exactly that: READY is not RUNNING. For a Session of `tilt ci` it is a failure when the target FAILED, or
 *   the Session is done, while another phase is waited for.
 */
export type Condition = 'ready' | 'done' | { readonly target: string; readonly phase: TargetPhase };

/** Names a run of Tilt; everything that is given has to hold. */
export interface RunSelector {
  /** Process id of the `tilt` command. A run that is named by it counts also when it ended long ago. */
  readonly pid?: number | undefined;
  /** Absolute path of its Tiltfile. */
  readonly tiltfile?: string | undefined;
  /** It started at this time or later, by Tilt's clock. A run that is named by it counts also when it ended long ago. */
  readonly startedAfter?: Date | undefined;
}

/** What to wait for, and for how long. */
export interface WaitOptions {
  /**
   * The Session's id; it may be of one yet to come. May be left out while one run alone could be meant. The demonstration
   * counts only when it is named here.
   */
  readonly session?: string | undefined;
  /** Which run. Default: the one that is LIVE, or else the next one to appear, or one that ended just before. */
  readonly run?: RunSelector | undefined;
  readonly for: Condition;
  /** How long to wait, in milliseconds. Default: for ever. */
  readonly timeoutMs?: number | undefined;
  /**
   * How old news may be that still counts, in milliseconds: for how long the link to the gateway, or the gateway's to Tilt, may
   * have been away, for how long there may be no run, and how long before the wait a run may have ended, before the outcome is
   * `unknown`. Default: 10,000.
   */
  readonly maxAgeMs?: number | undefined;
  /** Gives up waiting: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each view, and with how far the wait is. */
  readonly onView?: ((view: TargetsView, progress: WaitProgress) => void) | undefined;
}

/** How far a wait is. */
export interface WaitProgress {
  /** The run that the wait is bound to; null until there is one. */
  readonly run: Run | null;
  /** The runs that `run` has replaced: a `tilt up` that is started again is followed by a wait for `ready`. Oldest first. */
  readonly replacedRuns: readonly Run[];
  /** What the wait waits for, in one line. */
  readonly reason: string;
}

/** How a wait ended. */
export interface WaitOutcome extends WaitProgress {
  /**
   * `reached` and `failed` are said of the run that the wait is bound to, on news that came over a link that was live all the
   * way to Tilt, or on the final state of a run that has ended; `unknown` when there is no such news, or another run replaced
   * it; `impossible` when the condition can never hold; `timeout` when the time was over first.
   */
  readonly result: 'reached' | 'failed' | 'unknown' | 'impossible' | 'timeout';
  /** One line for a person. */
  readonly reason: string;
  /** The last view of the run, or of what there was instead; null when none came. */
  readonly view: TargetsView | null;
}
