import type { TiltOptions } from './tilt.js';

/** Properties of a simulated Tilt and its share of the updates. */
export interface TiltShape extends Omit<TiltOptions, 'random' | 'onVersion'> {
  readonly weight: number;
}

/** The smallest Tilts get most updates: of 60 updates, 1 is for the largest and 30 are for the smallest. */
export const TILT_SHAPES: readonly TiltShape[] = [
  tilt({ name: 'tilt-default', plain: false, size: 200, maxTargets: 500, weight: 1, isPublished: false }),
  tilt({ name: 'tilt-10351', plain: true, size: 100, maxTargets: 200, weight: 3, isPublished: true }),
  tilt({ name: 'tilt-10352', plain: false, size: 40, maxTargets: 80, weight: 6, isPublished: false }),
  tilt({ name: 'tilt-10353', plain: true, size: 15, maxTargets: 30, weight: 20, isPublished: true }),
  {
    name: 'tilt-cluster',
    mode: 'kubernetes',
    plain: true,
    size: 8,
    maxTargets: 20,
    weight: 30,
    isPublished: false,
    sessions: ['Tiltfile', 'one', 'two', 'three', 'four', 'five'],
  },
];

/** A Tilt has exactly one session, always named `Tiltfile`. */
function tilt(shape: Omit<TiltShape, 'mode' | 'sessions'>): TiltShape {
  return { ...shape, mode: 'tilt', sessions: ['Tiltfile'] };
}
