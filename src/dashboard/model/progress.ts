import { PHASE_LOOKS, type PhaseLook } from './phases.js';
import type { Session, TargetPhase } from './types.js';

/** A stretch of a progress bar. */
interface Segment extends Pick<PhaseLook, 'word' | 'tone'> {
  readonly count: number;
  /** Of the whole, from 0 to 1. */
  readonly share: number;
}

/** How far a Session is. */
interface Progress {
  /** How many targets are ready or have succeeded. */
  readonly done: number;
  /** How many count: those that are inactive or disabled do not. */
  readonly total: number;
  /** Those that are not empty, the done ones first. */
  readonly segments: readonly Segment[];
  /** In words: `5 of 8 done, 1 failed, 2 waiting`. */
  readonly label: string;
}

const ORDER: readonly TargetPhase[] = ['SUCCEEDED', 'READY', 'RUNNING', 'RETRYING', 'FAILED', 'WAITING'];

/** How far a Session is, from how many of its targets are in each phase. */
export function progressOf(counts: Session['counts']): Progress {
  const total = counts.total - counts.inactive - counts.disabled;
  const done = counts.succeeded + counts.ready;
  const segments = ORDER.map((phase) => PHASE_LOOKS[phase])
    .map(({ word, tone, count }) => ({ word, tone, count: counts[count] }))
    .filter(({ count }) => count > 0)
    .map((segment) => ({ ...segment, share: segment.count / total }));
  const others = segments
    .filter(({ tone }) => tone !== 'ok')
    .map(({ count, word }) => `${count} ${word.toLowerCase()}`);
  return { done, total, segments, label: [`${done} of ${total} done`, ...others].join(', ') };
}
