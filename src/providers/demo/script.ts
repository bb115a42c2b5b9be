import { choosePlot, type Scene } from './plot.js';
import { between, type Random } from './random.js';

/** State changes at one moment of a run. */
export interface Frame extends Scene {
  /** Delay after the previous frame, in milliseconds. */
  readonly afterMs: number;
  /** Microseconds below the clock's millisecond, 0 to 999, which Tilt writes and the clock lacks. */
  readonly micros: number;
}

/**
 * Creates the frames of one run of the shop, a `tilt up` or a `tilt ci`; see `choosePlot`. The first run
 * shows every phase within 15 seconds, and everything else within 20, whatever the seed.
 *
 * @param number number of the run, from 1
 */
export function writeScript(number: number, random: Random): Frame[] {
  const plot = choosePlot(number, random);
  return plot.map((scene, index) => {
    const stepMs = between(random, MIN_STEP_MS, MAX_STEP_MS);
    const isQuick =
      number === 1 && index >= FRAMES_BEFORE_START && index < FRAMES_BEFORE_START + QUICK_FRAMES;
    const startMs = number === 1 ? 0 : PAUSE_MS;
    const isAfterLong = plot[index - 1]?.isLong === true;
    return {
      ...scene,
      afterMs: index === 0 ? startMs : isQuick ? QUICK_MS : isAfterLong ? LONG_MS : stepMs,
      micros: between(random, 0, 999),
    };
  });
}

/**
 * Frames of the first run that are played before the demo starts. The Tiltfile is loaded and the database is
 * being migrated, so that every target exists, several phases are visible, and others wait for it.
 */
export const FRAMES_BEFORE_START = 7;

const PAUSE_MS = 2_000; // Between two runs, to read how the first one ended.
/** The first visible changes come quickly, so that targets have a history within the first second. */
const QUICK_FRAMES = 2;
const QUICK_MS = 100;
const MIN_STEP_MS = 300;
const MAX_STEP_MS = 1_200;
const LONG_MS = 2_500;
