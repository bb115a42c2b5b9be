import type { SessionSpec, SessionStatus, Target, TargetState } from './session.js';

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

/** The phase of a state: active and not ready is running; terminated with an error that `tilt ci` tolerates is retrying. */
export function phaseOf(state: TargetState): Phase {
  switch (state.is) {
    case 'active':
      return state.ready ? 'ready' : 'running';
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
  const by = (phase: Phase) => status.targets.filter((target) => phaseOf(target.state) === phase);
  const lists = {
    waiting: by('waiting'),
    notReady: by('running'),
    retrying: by('retrying'),
    failed: by('failed'),
  };
  const open = { ...lists, final: false };

  if (status.done) {
    return status.error === null
      ? { ...lists, state: 'passed', final: true, reason: null }
      : { ...lists, state: 'failed', final: true, reason: status.error };
  }
  if (link !== 'live') return { ...open, state: 'unknown', reason: `${LINK_LOST[link]} before it was done` };
  if (spec.exitCondition === 'unknown')
    return { ...open, state: 'unknown', reason: 'its exit condition is not known' };
  if (status.error !== null) return { ...open, state: 'failed', reason: status.error };
  const [first] = lists.failed;
  if (first) return { ...open, state: 'failed', reason: failureOf(first) };
  const blockers = [
    count(lists.waiting, 'waiting'),
    count(lists.notReady, 'not ready'),
    count(lists.retrying, 'retrying'),
  ].filter((line) => line !== null);
  if (blockers.length > 0) return { ...open, state: 'pending', reason: blockers.join('; ') };
  // The Tiltfile is always a target: alone, it only says that the others are not known yet.
  if (status.targets.length <= 1)
    return { ...open, state: 'pending', reason: 'no target besides the Tiltfile yet' };
  return { ...open, state: 'passed', reason: null };
}

/** What of a Session the verdict depends on. */
interface Judged<T extends Target> {
  readonly spec: SessionSpec;
  readonly status: Omit<SessionStatus, 'targets'> & { readonly targets: readonly T[] };
}

const LINK_LOST = { stale: 'the link was lost', gone: 'it ended' } as const;

function failureOf({ name, state }: Target): string {
  if (state.is !== 'terminated') return name;
  const prefix = state.graceStatus === 'exceeded' ? 'exceeded grace period: ' : '';
  return `${name}: ${prefix}${state.error}`;
}

function count(targets: readonly Target[], what: string): string | null {
  return targets.length === 0 ? null : `${what}: ${targets.map((target) => target.name).join(', ')}`;
}
