import { between, pick, type Random } from './random.js';

/** What happens to one target. */
export type Move =
  | { readonly to: 'waiting' | 'running' | 'ready' | 'succeeded' }
  | { readonly to: 'failed'; readonly error: string; readonly grace?: 'Tolerated' | 'Exceeded' };

/** What happens at one moment of a run. */
export interface Frame {
  /** How long after the frame before, in milliseconds. */
  readonly afterMs: number;
  /** By target. None at the first frame, when Tilt has only just started. */
  readonly moves: Readonly<Record<string, Move>>;
  /** The microseconds below the clock's millisecond, 0 to 999: Tilt writes them, and a clock does not have them. */
  readonly micros: number;
}

/**
 * The frames of one `tilt ci` of the shop: odd runs fail, even ones pass. The first fails at its very end, so that by
 * then it has shown every phase there is, within 15 seconds whatever the seed.
 *
 * @param number which run it is, from 1
 */
export function writeScript(number: number, random: Random): Frame[] {
  return plotOf(number, random).map((moves, index) => {
    const stepMs = between(random, FASTEST_MS, SLOWEST_MS);
    const isQuick =
      number === 1 && index >= FRAMES_BEFORE_START && index < FRAMES_BEFORE_START + QUICK_FRAMES;
    const startMs = number === 1 ? 0 : REST_MS;
    return {
      afterMs: index === 0 ? startMs : isQuick ? QUICK_MS : stepMs,
      moves,
      micros: between(random, 0, 999),
    };
  });
}

/**
 * How many frames of the first run are over when the demo begins: the Tiltfile is loaded and the database is being migrated, so
 * that every target is there, in several phases.
 */
export const FRAMES_BEFORE_START = 5;

type Moves = Frame['moves'];

const REST_MS = 2_000; // long enough to read how the run before ended
/** The first changes that are seen come quickly, so that targets have a history within the first second. */
const QUICK_FRAMES = 2;
const QUICK_MS = 100;
const FASTEST_MS = 300;
const SLOWEST_MS = 1_200;

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

function plotOf(number: number, random: Random): readonly Moves[] {
  if (number === 1) return allTheWay(POD_RETRIES, E2E_FAILED);
  if (number % 2 === 0) return allTheWay(pick(random, [READY, POD_RETRIES]), SUCCEEDED);
  return pick(random, [
    [...OPENING, { 'assets:update': BUILD_FAILED }],
    [
      ...OPENING,
      { 'worker:runtime': POD_RETRIES, 'assets:update': SUCCEEDED },
      { 'worker:runtime': POD_FAILED },
    ],
    allTheWay(READY, E2E_FAILED),
  ]);
}

/** A run that gets as far as the end-to-end tests; the worker is well at once, or only at its second start. */
function allTheWay(worker: Move, tests: Move): readonly Moves[] {
  const again = (move: Move): Moves => (worker === READY ? {} : { 'worker:runtime': move });
  return [
    ...OPENING,
    { 'assets:update': SUCCEEDED, 'worker:runtime': worker },
    { 'api:serve': READY, 'web:update': RUNNING },
    { 'web:update': SUCCEEDED, 'web:runtime': RUNNING, ...again(RUNNING) },
    { 'web:runtime': READY, ...again(READY) },
    { 'e2e:update': RUNNING },
    { 'e2e:update': tests },
  ];
}
