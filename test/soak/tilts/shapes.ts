import type { TiltOptions } from './tilt.js';

/** What one of the Tilts is like, and how often it is updated beside the others. */
export interface Shape extends Omit<TiltOptions, 'random' | 'note'> {
  readonly weight: number;
}

/** The smallest are updated most: of 60 updates 1 is of the biggest, 30 are of the smallest. */
export const SHAPES: readonly Shape[] = [
  tilt({ name: 'tilt-default', plain: false, size: 200, most: 500, weight: 1 }),
  tilt({ name: 'tilt-10351', plain: true, size: 100, most: 200, weight: 3 }),
  tilt({ name: 'tilt-10352', plain: false, size: 40, most: 80, weight: 6 }),
  tilt({ name: 'tilt-10353', plain: true, size: 15, most: 30, weight: 20 }),
  {
    name: 'tilt-cluster',
    mode: 'kubernetes',
    plain: true,
    size: 8,
    most: 20,
    weight: 30,
    sessions: ['Tiltfile', 'one', 'two', 'three', 'four', 'five'],
  },
];

/** A Tilt has one Session, which is always named so. */
function tilt(shape: Omit<Shape, 'mode' | 'sessions'>): Shape {
  return { ...shape, mode: 'tilt', sessions: ['Tiltfile'] };
}
