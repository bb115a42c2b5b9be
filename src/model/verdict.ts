import { describeWaits, explain } from './explanation.js';
import type { SessionFacts } from './facts.js';
import { computePhase, findBlockers } from './phase.js';
import { clusterErrorLine, extractHeadline, oneLine, plainText } from './plain-text.js';
import type { SessionSpec, SessionStatus, Target } from './session.js';

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
  /** Targets that wait for a person to trigger them. They do not stop a Session from passing. */
  readonly untriggered: readonly T[];
}

/**
 * Computes the verdict by Tilt's rules (`processExitCondition` in `internal/controllers/core/session`). They
 * also apply to `tilt up`, which never sets `done`. If the connection broke before `done`, the verdict is
 * unknown: neither success nor failure.
 */
export function computeVerdict<T extends Target>(
  session: VerdictInput<T>,
  connection: ConnectionState,
): Verdict<T> {
  const { targets, done, error } = session.status;
  const { waiting, running: notReady, retrying, failed } = findBlockers(targets, computePhase);
  const untriggered = targets.filter((target) => computePhase(target) === 'untriggered');
  const lists = { waiting, notReady, retrying, failed, untriggered };
  const { state, reason } = done ? decideDone(error) : decideUnfinished(session, lists, connection);
  return { ...lists, state, final: done, reason };
}

/** The parts of a Session on which the verdict depends. */
interface VerdictInput<T extends Target> {
  readonly spec: SessionSpec;
  readonly status: Omit<SessionStatus, 'targets'> & { readonly targets: readonly T[] };
  readonly facts?: SessionFacts;
}

type Lists = Pick<Verdict, 'waiting' | 'notReady' | 'retrying' | 'failed'>;
type Outcome = Pick<Verdict, 'state' | 'reason'>;

function decideDone(error: string | null): Outcome {
  return error === null ? { state: 'passed', reason: null } : fail(error);
}

function decideUnfinished(session: VerdictInput<Target>, lists: Lists, connection: ConnectionState): Outcome {
  const { spec, status, facts } = session;
  if (connection !== 'live')
    return { state: 'unknown', reason: `${DISCONNECTED[connection]} before it was done` };
  if (spec.exitCondition === 'unknown') {
    const text = oneLine(JSON.stringify(spec.exitConditionText.slice(0, 60)));
    return { state: 'unknown', reason: `unknown exit condition: ${text}` };
  }
  const clusterError = findClusterError(facts);
  if (clusterError !== null) return fail(clusterError);
  if (status.error !== null) return fail(status.error);
  const [first] = lists.failed;
  if (first) return failByTarget(first);
  const awaited = describeAwaited(session, lists);
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

/**
 * The failure of a Session that needs a Kubernetes cluster which cannot be reached. Tilt decides this before
 * it considers any target, and writes it to the Session under `tilt ci` only. Null without one, and while the
 * resources are not known.
 */
function findClusterError(facts: SessionFacts | undefined): string | null {
  const error = facts?.cluster?.error;
  if (
    error == null ||
    !facts?.resources?.some(({ kind, isDisabled }) => kind === 'kubernetes' && !isDisabled)
  )
    return null;
  return `cluster connection failed: ${clusterErrorLine(error)}`;
}

/** Names the targets that are still awaited: `e2e waits for api (not ready); waiting: a, b; not ready: c`. */
function describeAwaited(session: VerdictInput<Target>, { waiting, notReady, retrying }: Lists): string {
  const { texts, more, unexplained } = describeWaits(explain(session), waiting, MAX_NAMES_IN_REASON);
  const lines = [
    listNames('waiting', unexplained),
    join(texts, '; ', more),
    listNames('not ready', notReady),
    listNames('retrying', retrying),
  ];
  return lines.filter((line) => line !== '').join('; ');
}

/** Without a limit, 10,000 targets add 150 kB of names to every payload. */
const MAX_NAMES_IN_REASON = 10;

function listNames(what: string, targets: readonly Target[]): string {
  if (targets.length === 0) return '';
  const shown = targets.slice(0, MAX_NAMES_IN_REASON).map(({ name }) => name);
  return `${what}: ${join(shown, ', ', targets.length - shown.length)}`;
}

function join(shown: readonly string[], separator: string, more: number): string {
  return `${shown.join(separator)}${more > 0 ? ` and ${more} more` : ''}`;
}
