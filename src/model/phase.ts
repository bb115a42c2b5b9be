import type { Target } from './session.js';

/** Phase of a target, in one word; see {@link computePhase}. */
export type Phase =
  | 'inactive'
  | 'disabled'
  | 'waiting'
  | 'untriggered'
  | 'running'
  | 'ready'
  | 'succeeded'
  | 'failed'
  | 'retrying';

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
    case 'waiting':
      return state.needsTrigger ? 'untriggered' : 'waiting';
    default:
      return state.is;
  }
}

/** Targets that block a Session, by phase. Within a phase they keep their order. */
export type Blockers<T> = Readonly<Record<BlockingPhase, readonly T[]>>;

/** A phase that blocks a Session by Tilt's rules. Inactive, disabled and untriggered targets do not count. */
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
