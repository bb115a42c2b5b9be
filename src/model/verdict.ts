import { extractHeadline, oneLine, plainText } from './plain-text.js';
import type { SessionSpec, SessionStatus, Target } from './session.js';

/** Phase of a target, in one word; see {@link computePhase}. */
export type Phase =
  | 'inactive'
  | 'disabled'
  | 'waiting'
  | 'running'
  | 'ready'
  | 'succeeded'
  | 'failed'
  | 'retrying';

/**
 * Connection to the source of a Session: `live`; `stale`, the state may be outdated; `gone`, the source has
 * left.
 */
export type ConnectionState = 'live' | 'stale' | 'gone';

/** Verdict on a Session, and the targets that decide it. */
export interface Verdict<T extends Target = Target> {
  readonly state: 'pending' | 'passed' | 'failed' | 'unknown';
  /** Whether `tilt ci` is done. A final verdict does not change. */
  readonly final: boolean;
  /** One line: the failure, the awaited targets, or why the verdict is unknown. Null when passed. */
  readonly reason: string | null;
  readonly waiting: readonly T[];
  readonly notReady: readonly T[];
  readonly retrying: readonly T[];
  readonly failed: readonly T[];
}

/**
 * Computes the phase of a target. An active target that is not ready is running. A target that
 * terminated with an error that `tilt ci` tolerates is retrying. A job that is active and ready has
 * succeeded: Tilt reports this for a Kubernetes Job that completed and whose pod was removed.
 */
export function computePhase({ type, state }: Pick<Target, 'type' | 'state'>): Phase {
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

/** Targets that block a Session, by phase. Within a phase they keep their order. */
export type Blockers<T> = Readonly<Record<BlockingPhase, readonly T[]>>;

/** A phase that blocks a Session by Tilt's rules. Inactive and disabled targets do not count. */
export type BlockingPhase = 'failed' | 'retrying' | 'running' | 'waiting';

/**
 * Finds the targets that block a Session. Phases that need attention come first.
 *
 * @param phaseOf phase of a target, in lower case as in the model or in capitals as in the schema
 */
export function findBlockers<T>(targets: Iterable<T>, phaseOf: (target: T) => string): Blockers<T> {
  const blockers: Record<BlockingPhase, T[]> = { failed: [], retrying: [], running: [], waiting: [] };
  for (const target of targets) {
    const phase = phaseOf(target).toLowerCase();
    if (isKeyOf(phase, blockers)) blockers[phase].push(target);
  }
  return blockers;
}

function isKeyOf<K extends string>(name: string, object: Readonly<Record<K, unknown>>): name is K {
  return Object.hasOwn(object, name);
}

/**
 * Computes the verdict by Tilt's rules (`processExitCondition` in `internal/controllers/core/session`). They
 * also apply to `tilt up`, which never sets `done`. If the connection broke before `done`, the verdict is
 * unknown: neither success nor failure.
 */
export function computeVerdict<T extends Target>(
  { spec, status }: VerdictInput<T>,
  connection: ConnectionState,
): Verdict<T> {
  const { waiting, running: notReady, retrying, failed } = findBlockers(status.targets, computePhase);
  const lists = { waiting, notReady, retrying, failed };
  const { state, reason } = status.done
    ? decideDone(status.error)
    : decideUnfinished({ spec, status }, lists, connection);
  return { ...lists, state, final: status.done, reason };
}

/** The parts of a Session on which the verdict depends. */
interface VerdictInput<T extends Target> {
  readonly spec: SessionSpec;
  readonly status: Omit<SessionStatus, 'targets'> & { readonly targets: readonly T[] };
}

type Lists = Pick<Verdict, 'waiting' | 'notReady' | 'retrying' | 'failed'>;
type Outcome = Pick<Verdict, 'state' | 'reason'>;

function decideDone(error: string | null): Outcome {
  return error === null ? { state: 'passed', reason: null } : fail(error);
}

function decideUnfinished(
  { spec, status }: VerdictInput<Target>,
  lists: Lists,
  connection: ConnectionState,
): Outcome {
  if (connection !== 'live')
    return { state: 'unknown', reason: `${DISCONNECTED[connection]} before it was done` };
  if (spec.exitCondition === 'unknown') {
    const text = oneLine(JSON.stringify(spec.exitConditionText.slice(0, 60)));
    return { state: 'unknown', reason: `unknown exit condition: ${text}` };
  }
  if (status.error !== null) return fail(status.error);
  const [first] = lists.failed;
  if (first) return failByTarget(first);
  const awaited = describeAwaited(lists);
  if (awaited !== '') return { state: 'pending', reason: oneLine(plainText(awaited)) };
  // The Tiltfile is always a target. A single target means that the others are not known yet.
  if (status.targets.length <= 1)
    return { state: 'pending', reason: describeMissingTargets(status.targets[0]) };
  return { state: 'passed', reason: null };
}

const DISCONNECTED = { stale: 'the connection was lost', gone: 'it ended' } as const;

/** Explains why one target is not enough. Sources other than Tilt may omit the Tiltfile's own target. */
function describeMissingTargets(only: Target | undefined): string {
  if (only === undefined || only.name === TILTFILE_TARGET) return 'no target except the Tiltfile yet';
  return oneLine(plainText(`${only.name} is the only target so far; the target of the Tiltfile is missing`));
}

/** Name of the target that Tilt always reports, and reports first. */
const TILTFILE_TARGET = 'tiltfile:update';

/** Tilt's errors may have many lines, such as a Tiltfile's traceback, or be empty. */
function fail(error: string, prefix = ''): Outcome {
  return { state: 'failed', reason: oneLine(prefix + extractHeadline(error)) || 'no reason was given' };
}

function failByTarget({ name, state }: Target): Outcome {
  const where = plainText(name);
  if (state.is !== 'terminated') return fail(where);
  const grace = state.graceStatus === 'exceeded' ? 'exceeded grace period: ' : '';
  return fail(state.error ?? '', `${where}: ${grace}`);
}

/** Names the targets that are still awaited: `waiting: a, b; not ready: c`. */
function describeAwaited({ waiting, notReady, retrying }: Lists): string {
  const lines = [
    listNames('waiting', waiting),
    listNames('not ready', notReady),
    listNames('retrying', retrying),
  ];
  return lines.filter((line) => line !== '').join('; ');
}

/** Without a limit, 10,000 targets add 150 kB of names to every payload. */
const MAX_NAMES_IN_REASON = 10;

function listNames(what: string, targets: readonly Target[]): string {
  if (targets.length === 0) return '';
  const names = targets.slice(0, MAX_NAMES_IN_REASON).map((target) => target.name);
  const more = targets.length - names.length;
  return `${what}: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
