import { pick, type Random } from './random.js';

/** State change of one target. */
export type Move =
  | { readonly to: 'waiting' | 'running' | 'ready' | 'succeeded' }
  /** Its files were edited, or a person triggered it. Only for targets with a manual trigger mode. */
  | { readonly to: 'edited' | 'queued' }
  | { readonly to: 'failed'; readonly error: string; readonly grace?: 'Tolerated' | 'Exceeded' };

/** What happens at one moment of a run. */
export interface Scene {
  /** State changes, by target. Empty when Tilt has just started. */
  readonly moves: Readonly<Record<string, Move>>;
  /** Whether the Kubernetes cluster can be reached from now on. Default: as before. */
  readonly cluster?: 'lost' | 'found';
  /** Whether it lasts long enough to be read. */
  readonly isLong?: true;
}

/**
 * Chooses what happens in a run. The first of every three is a `tilt up`, in which a build fails and is
 * repaired, the cluster cannot be reached for a while, and a resource waits until somebody triggers it. The
 * second is a `tilt ci` that passes, the third one that fails.
 *
 * @param number number of the run, from 1
 */
export function choosePlot(number: number, random: Random): readonly Scene[] {
  if (isDevelopment(number)) return DEVELOPMENT;
  if (number % 3 === 2) return fullRun(pick(random, [READY, POD_RETRIES]), SUCCEEDED);
  return pick(random, [
    [...OPENING, scene({ 'assets:update': BUILD_FAILED })],
    [
      ...OPENING,
      scene({ 'worker:runtime': POD_RETRIES, 'assets:update': SUCCEEDED }),
      scene({ 'worker:runtime': POD_FAILED }),
    ],
    fullRun(READY, E2E_FAILED),
  ]);
}

/** Whether a run is a `tilt up`, which does not end by itself. */
export function isDevelopment(number: number): boolean {
  return number % 3 === 1;
}

const WAITING: Move = { to: 'waiting' };
const EDITED: Move = { to: 'edited' };
const QUEUED: Move = { to: 'queued' };
const RUNNING: Move = { to: 'running' };
const READY: Move = { to: 'ready' };
const SUCCEEDED: Move = { to: 'succeeded' };
const BUILD_FAILED: Move = { to: 'failed', error: 'Command "npm run build" failed: exit status 1' };
const E2E_FAILED: Move = { to: 'failed', error: 'Command "npm run e2e" failed: exit status 1' };
const POD_ERROR = 'Pod worker-5d9c7b6f4-x2x7k in error state due to container worker: CrashLoopBackOff';
const POD_RETRIES: Move = { to: 'failed', error: POD_ERROR, grace: 'Tolerated' };
const POD_FAILED: Move = { to: 'failed', error: POD_ERROR, grace: 'Exceeded' };

const OPENING: readonly Scene[] = [
  scene({}),
  scene({ 'tiltfile:update': WAITING }),
  scene({ 'tiltfile:update': RUNNING }),
  scene({ 'tiltfile:update': SUCCEEDED }),
  scene({ 'db:update': RUNNING, 'assets:update': RUNNING }),
  scene({ 'db:update': SUCCEEDED, 'db:runtime': RUNNING }),
  scene({ 'db:runtime': READY, 'migrate:update': RUNNING }),
  scene({ 'migrate:update': SUCCEEDED, 'api:update': RUNNING, 'worker:update': RUNNING }),
  scene({
    'api:update': SUCCEEDED,
    'api:serve': RUNNING,
    'worker:update': SUCCEEDED,
    'worker:runtime': RUNNING,
  }),
];

const DEVELOPMENT: readonly Scene[] = [
  ...OPENING,
  { ...scene({ 'assets:update': BUILD_FAILED, 'worker:runtime': POD_RETRIES }), isLong: true },
  scene({ 'api:serve': READY, 'worker:runtime': RUNNING }),
  scene({ 'sample-data:update': EDITED }),
  scene({ 'assets:update': RUNNING, 'worker:runtime': READY }),
  { ...scene({ 'assets:update': SUCCEEDED }), cluster: 'lost', isLong: true },
  { ...scene({ 'web:update': RUNNING }), cluster: 'found' },
  scene({ 'web:update': SUCCEEDED, 'web:runtime': RUNNING }),
  scene({ 'web:runtime': READY, 'e2e:update': RUNNING }),
  { ...scene({ 'e2e:update': SUCCEEDED }), isLong: true },
  scene({ 'sample-data:update': QUEUED }),
  scene({ 'sample-data:update': RUNNING }),
  scene({ 'sample-data:update': SUCCEEDED }),
];

/** A run that reaches the end-to-end tests. The worker becomes ready at its first or second start. */
function fullRun(worker: Move, tests: Move): readonly Scene[] {
  const retry = (move: Move) => (worker === READY ? {} : { 'worker:runtime': move });
  return [
    ...OPENING,
    scene({ 'assets:update': SUCCEEDED, 'worker:runtime': worker }),
    scene({ 'api:serve': READY, 'web:update': RUNNING }),
    scene({ 'web:update': SUCCEEDED, 'web:runtime': RUNNING, ...retry(RUNNING) }),
    scene({ 'web:runtime': READY, ...retry(READY) }),
    scene({ 'e2e:update': RUNNING }),
    scene({ 'e2e:update': tests }),
  ];
}

function scene(moves: Scene['moves']): Scene {
  return { moves };
}
