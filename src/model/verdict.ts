import { findBlockers } from './blockers.js';
import { oneLine } from './one-line.js';
import { headlineOf, plainText } from './plain-text.js';
import type { SessionSpec, SessionStatus, Target } from './session.js';

/** Where a target stands, in one word; see {@link phaseOf}. */
export type Phase =
  | 'inactive'
  | 'disabled'
  | 'waiting'
  | 'running'
  | 'ready'
  | 'succeeded'
  | 'failed'
  | 'retrying';

/** How the link to a Session's source is: `live`; `stale`, what is known may be old; `gone`, its source has left. */
export type Link = 'live' | 'stale' | 'gone';

/** Whether a Session is good, and what decides it. */
export interface Verdict<T extends Target = Target> {
  readonly state: 'pending' | 'passed' | 'failed' | 'unknown';
  /** True once `tilt ci` is done: it will not turn any more. */
  readonly final: boolean;
  /** One line for a person: why it failed, what is still awaited, or why nothing can be said. Null when it passed. */
  readonly reason: string | null;
  readonly waiting: readonly T[];
  readonly notReady: readonly T[];
  readonly retrying: readonly T[];
  readonly failed: readonly T[];
}

/**
 * The phase of a target. Active and not ready is running; terminated with an error that `tilt ci` tolerates is retrying. A
 * job that is active and ready has succeeded: Tilt says so of a Kubernetes Job that completed and whose pod was collected.
 */
export function phaseOf({ type, state }: Pick<Target, 'type' | 'state'>): Phase {
  switch (state.is) {
    case 'active':
      if (!state.ready) return 'running';
      return type === 'job' ? 'succeeded' : 'ready';
    case 'terminated':
      if (state.error === null) return 'succeeded';
      return state.graceStatus === 'tolerated' ? 'retrying' : 'failed';
    default:
      return state.is;
  }
}

/**
 * The verdict by Tilt's own rules (`processExitCondition` in `internal/controllers/core/session`), for `tilt up` too,
 * which never sets `done` itself. A Session whose link broke before `done` is unknown: neither success nor failure.
 */
export function verdictOf<T extends Target>({ spec, status }: Judged<T>, link: Link): Verdict<T> {
  const { waiting, running: notReady, retrying, failed } = findBlockers(status.targets, phaseOf);
  const lists = { waiting, notReady, retrying, failed };
  const { state, reason } = status.done ? whenDone(status.error) : whileOpen({ spec, status }, lists, link);
  return { ...lists, state, final: status.done, reason };
}

/** What of a Session the verdict depends on. */
interface Judged<T extends Target> {
  readonly spec: SessionSpec;
  readonly status: Omit<SessionStatus, 'targets'> & { readonly targets: readonly T[] };
}

type Lists = Pick<Verdict, 'waiting' | 'notReady' | 'retrying' | 'failed'>;
type Outcome = Pick<Verdict, 'state' | 'reason'>;

function whenDone(error: string | null): Outcome {
  return error === null ? { state: 'passed', reason: null } : failed(error);
}

function whileOpen({ spec, status }: Judged<Target>, lists: Lists, link: Link): Outcome {
  if (link !== 'live') return { state: 'unknown', reason: `${LINK_LOST[link]} before it was done` };
  if (spec.exitCondition === 'unknown') {
    const text = oneLine(JSON.stringify(spec.exitConditionText.slice(0, 60)));
    return { state: 'unknown', reason: `its exit condition is not known: ${text}` };
  }
  if (status.error !== null) return failed(status.error);
  const [first] = lists.failed;
  if (first) return failureOf(first);
  const awaited = describeAwaited(lists);
  if (awaited !== '') return { state: 'pending', reason: oneLine(plainText(awaited)) };
  // The Tiltfile is always a target: alone, it only says that the others are not known yet.
  if (status.targets.length <= 1) return { state: 'pending', reason: missingTargets(status.targets[0]) };
  return { state: 'passed', reason: null };
}

/** Why one target is not enough. A source other than Tilt may leave out the Tiltfile's own. */
function missingTargets(only: Target | undefined): string {
  if (only === undefined || only.name === TILTFILE_TARGET) return 'no target besides the Tiltfile yet';
  return oneLine(plainText(`${only.name} is the only target yet, and the target of the Tiltfile is missing`));
}

/** Name of the target that Tilt reports first, and always. */
const TILTFILE_TARGET = 'tiltfile:update';

const LINK_LOST = { stale: 'the link was lost', gone: 'it ended' } as const;

/** Tilt's errors may have many lines, as a Tiltfile's traceback does, or say nothing at all. */
function failed(error: string, prefix = ''): Outcome {
  return { state: 'failed', reason: oneLine(prefix + headlineOf(error)) || 'no reason was given' };
}

function failureOf({ name, state }: Target): Outcome {
  const where = plainText(name);
  if (state.is !== 'terminated') return failed(where);
  const grace = state.graceStatus === 'exceeded' ? 'exceeded grace period: ' : '';
  return failed(state.error ?? '', `${where}: ${grace}`);
}

/** Names of the targets that are still awaited: `waiting: a, b; not ready: c`. */
function describeAwaited({ waiting, notReady, retrying }: Lists): string {
  const lines = [namesOf('waiting', waiting), namesOf('not ready', notReady), namesOf('retrying', retrying)];
  return lines.filter((line) => line !== '').join('; ');
}

/** Enough for a person: those of 10,000 targets were a reason of 150 kB in every payload. */
const NAMES_IN_REASON = 10;

function namesOf(what: string, targets: readonly Target[]): string {
  if (targets.length === 0) return '';
  const names = targets.slice(0, NAMES_IN_REASON).map((target) => target.name);
  const more = targets.length - names.length;
  return `${what}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
