/** State change of one target. */
export type Move =
  | { readonly to: 'waiting' | 'running' | 'ready' | 'succeeded' }
  | { readonly to: 'failed'; readonly error: string; readonly grace?: 'Tolerated' | 'Exceeded' };

/** State changes at one moment of a run. */
export interface Frame {
  /** Delay after the previous frame, in milliseconds. */
  readonly afterMs: number;
  /** By target. Empty in the first frame, when Tilt has just started. */
  readonly moves: Readonly<Record<string, Move>>;
  /** Microseconds below the clock's millisecond, 0 to 999, which Tilt writes and the clock lacks. */
  readonly micros: number;
}

/**
 * Creates the frames of one `tilt ci` of the shop. Odd runs fail, even ones pass. The first run fails at its
 * last frame, when it has shown every phase, within 15 seconds whatever the seed.
 *
 * @param number number of the run, from 1
 */
export function writeScript(number: number, random: Random): Frame[] {
  return choosePlot(number, random).map((moves, index) => {
    const stepMs = between(random, MIN_STEP_MS, MAX_STEP_MS);
    const isQuick =
      number === 1 && index >= FRAMES_BEFORE_START && index < FRAMES_BEFORE_START + QUICK_FRAMES;
    const startMs = number === 1 ? 0 : PAUSE_MS;
    return {
      afterMs: index === 0 ? startMs : isQuick ? QUICK_MS : stepMs,
      moves,
      micros: between(random, 0, 999),
    };
  });
}

/**
 * Frames of the first run that are played before the demo starts. The Tiltfile is loaded and the database is
 * being migrated, so that every target exists and several phases are visible.
 */
export const FRAMES_BEFORE_START = 5;

type Moves = Frame['moves'];

const PAUSE_MS = 2_000; // Between two runs, to read how the first one ended.
/** The first visible changes come quickly, so that targets have a history within the first second. */
const QUICK_FRAMES = 2;
const QUICK_MS = 100;
const MIN_STEP_MS = 300;
const MAX_STEP_MS = 1_200;

const WAITING: Move = { to: 'waiting' };
const RUNNING: Move = { to: 'running' };
const READY: Move = { to: 'ready' };
const SUCCEEDED: Move = { to: 'succeeded' };
const BUILD_FAILED: Move = { to: 'failed', error: 'Command "npm run build" failed: exit status 1' };
const E2E_FAILED: Move = { to: 'failed', error: 'Command "npm run e2e" failed: exit status 1' };
const POD_ERROR = 'Pod worker-5d9c7b6f4-x2x7k in error state due to container worker: CrashLoopBackOff';
const POD_RETRIES: Move = { to: 'failed', error: POD_ERROR, grace: 'Tolerated' };
const POD_FAILED: Move = { to: 'failed', error: POD_ERROR, grace: 'Exceeded' };

const OPENING: readonly Moves[] = [
  {},
  { 'tiltfile:update': WAITING },
  { 'tiltfile:update': RUNNING },
  { 'tiltfile:update': SUCCEEDED },
  { 'migrate:update': RUNNING },
  {
    'migrate:update': SUCCEEDED,
    'api:update': RUNNING,
    'assets:update': RUNNING,
    'worker:update': RUNNING,
  },
  {
    'api:update': SUCCEEDED,
    'api:serve': RUNNING,
    'worker:update': SUCCEEDED,
    'worker:runtime': RUNNING,
  },
];

function choosePlot(number: number, random: Random): readonly Moves[] {
  if (number === 1) return fullRun(POD_RETRIES, E2E_FAILED);
  if (number % 2 === 0) return fullRun(pick(random, [READY, POD_RETRIES]), SUCCEEDED);
  return pick(random, [
    [...OPENING, { 'assets:update': BUILD_FAILED }],
    [
      ...OPENING,
      { 'worker:runtime': POD_RETRIES, 'assets:update': SUCCEEDED },
      { 'worker:runtime': POD_FAILED },
    ],
    fullRun(READY, E2E_FAILED),
  ]);
}

/** A run that reaches the end-to-end tests. The worker becomes ready at its first or second start. */
function fullRun(worker: Move, tests: Move): readonly Moves[] {
  const retry = (move: Move): Moves => (worker === READY ? {} : { 'worker:runtime': move });
  return [
    ...OPENING,
    { 'assets:update': SUCCEEDED, 'worker:runtime': worker },
    { 'api:serve': READY, 'web:update': RUNNING },
    { 'web:update': SUCCEEDED, 'web:runtime': RUNNING, ...retry(RUNNING) },
    { 'web:runtime': READY, ...retry(READY) },
    { 'e2e:update': RUNNING },
    { 'e2e:update': tests },
  ];
}

/** Returns pseudo-random numbers from 0 up to 1, the same ones for the same seed. */
export type Random = () => number;

/** Creates a Mulberry32 generator (Tommy Ettinger): 32 bits of state, random enough for a demo. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns an integer from `min` to `max`, inclusive. */
export function between(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** Returns a random item of a list. */
export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** Returns a UUID of version 4. */
export function uuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => between(random, 0, 15).toString(16)).join('');
  const variant = between(random, 8, 11).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
