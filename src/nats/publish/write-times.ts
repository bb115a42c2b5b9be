import type { Clock } from '../../lib/clock.js';
import type { SessionState } from './owned-key.js';

/** When the states of a key were written, by the monotonic clock: the bucket forgets each of them by its age. */
export interface WriteTimes {
  /** Time of the last write, in milliseconds; before everything when there was none. */
  readonly writtenAt: number;
  /**
   * Notes that a state was written a moment ago.
   *
   * @param begunAt when that began: no later than the bucket counts its age from
   */
  note(state: SessionState, begunAt: number): void;
  /** How long ago a state was written for the first time, in milliseconds, at least 1; 0 unless it was the last to be written. */
  ageOf(state: SessionState): number;
  /** Whether a state is the end of a run, and was written. */
  isFinal(state: SessionState): boolean;
  /** Whether a bucket has forgotten the end of a run. @param maxAgeMs milliseconds; 0: it forgets nothing */
  isForgotten(state: SessionState, maxAgeMs: number): boolean;
  /** Whether a state of a run has to be written again, or a bucket would forget it. @param maxAgeMs as above */
  isDue(state: SessionState, maxAgeMs: number): boolean;
}

/** Creates the record of a key to which nothing was written. */
export function createWriteTimes(clock: Clock): WriteTimes {
  let writtenAt = Number.NEGATIVE_INFINITY;
  let first: { readonly state: SessionState; readonly at: number } | null = null;
  const times: WriteTimes = {
    get writtenAt() {
      return writtenAt;
    },
    note(state, begunAt) {
      writtenAt = clock.monotonic();
      if (first?.state !== state) first = { state, at: begunAt };
    },
    ageOf: (state) => (first?.state === state ? Math.max(1, Math.round(clock.monotonic() - first.at)) : 0),
    isFinal: (state) => state.link === 'gone' && times.ageOf(state) > 0,
    isForgotten: (state, maxAgeMs) => maxAgeMs > 0 && times.isFinal(state) && times.ageOf(state) >= maxAgeMs,
    isDue: ({ link }, maxAgeMs) =>
      maxAgeMs > 0 && link !== 'gone' && clock.monotonic() - writtenAt > maxAgeMs / 2,
  };
  return times;
}
