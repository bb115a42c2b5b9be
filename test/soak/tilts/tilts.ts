import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../src/providers/demo/random.js';
import { createKubeconfigFolder, writeKubeconfig } from '../../support/kubeconfig-file.js';
import type { TiltServer } from '../../support/tilt-server.js';
import type { ModelState, Version } from '../model/model-state.js';
import { type Pace, runAtRate } from '../pace.js';
import { createChaos } from './chaos.js';
import { createSoakTilt, type SoakTilt } from './tilt.js';
import { TILT_SHAPES } from './tilt-shapes.js';

/** Several simulated Tilts. */
export interface Tilts extends AsyncDisposable {
  /** Kubeconfig of the Tilts that the gateway watches. */
  readonly kubeconfig: string;
  /** Kubeconfig of the Tilts that a publisher watches. */
  readonly publishedKubeconfig: string;
  /** Ids of all sessions that may exist. */
  readonly ids: readonly string[];
  /** Number of updates sent to a watcher. */
  readonly updates: number;
  /** Number of injected faults, by name. */
  readonly chaos: Readonly<Record<string, number>>;
  /** Longest time that a write to the gateway was blocked, in milliseconds (U1). */
  readonly longestStallMs: number;
  /**
   * Sends updates and injects faults at this rate.
   *
   * @param caughtUp resolves when the gateway has handled earlier updates; awaited after each batch
   */
  churn(pace: Pace, caughtUp: () => Promise<void>): Promise<void>;
  /** Stops all activity. Resolves with the expected state when everything has been sent. */
  quiesce(): Promise<ModelState>;
  /** Restores the initial state and applies a fixed series of updates. Resolves with the expected state. */
  reset(updates: number, caughtUp: () => Promise<void>): Promise<ModelState>;
}

/**
 * Timeout for the gateway to watch a Tilt. After several failures in two minutes its retry delay is up to
 * 30 s.
 */
const WATCH_DEADLINE_MS = 60_000;

/** Time in which the gateway notices a changed kubeconfig and starts new watches, in milliseconds. */
const DISCOVERY_MS = 1_500;

/** Interval between two faults, in milliseconds. */
const FAULT_INTERVAL_MS = 400;

/** Starts all Tilts and writes their kubeconfigs. */
export async function startTilts(random: Random): Promise<Tilts> {
  const [folder, publishedFolder] = await Promise.all([createKubeconfigFolder(), createKubeconfigFolder()]);
  const tilts: SoakTilt[] = [];
  const chaos = createChaos(random);
  let versions: Version[] = [];
  for (const shape of TILT_SHAPES) {
    const onVersion = (version: Version) => void versions.push(version);
    tilts.push(await createSoakTilt({ ...shape, random, onVersion }));
  }
  const byWeight = tilts.flatMap((tilt, index) =>
    Array<SoakTilt>(TILT_SHAPES[index]?.weight ?? 1).fill(tilt),
  );
  await announce();

  return {
    kubeconfig: folder.path,
    publishedKubeconfig: publishedFolder.path,
    ids: TILT_SHAPES.flatMap(({ name, sessions }) => sessions.map((session) => `${name}/${session}`)),
    get updates() {
      return tilts.reduce((sum, tilt) => sum + tilt.updates, 0);
    },
    get chaos() {
      return { ...chaos.counts };
    },
    get longestStallMs() {
      return Math.max(...tilts.map(({ server }) => server.longestStallMs));
    },
    async churn(pace, caughtUp) {
      await restartStopped();
      await Promise.all([
        runAtRate(pace, updateAny, caughtUp),
        // A late fault would leave the gateway too little time to recover before the comparison.
        injectFaults(performance.now() + (pace.ms * 3) / 4),
      ]);
    },
    async quiesce() {
      await Promise.all(up().map(untilWatched));
      // The next update replaces any object that was not understood.
      for (const tilt of up())
        for (const { metadata } of tilt.server.sessions) tilt.update('one', metadata.name);
      await drained();
      return modelState();
    },
    async reset(count, caughtUp) {
      await restartStopped();
      for (const tilt of tilts) await tilt.reset();
      await announce();
      await delay(DISCOVERY_MS);
      await Promise.all(tilts.map(untilWatched));
      for (let k = 0; k < count; k += 1) {
        tilts[k % tilts.length]?.step(Math.floor(k / tilts.length));
        if (k % STEPS_PER_BATCH === 0) await caughtUp();
      }
      await drained();
      return modelState();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(tilts.map(({ server }) => server.close()));
      await Promise.all([folder[Symbol.asyncDispose](), publishedFolder[Symbol.asyncDispose]()]);
    },
  };

  function updateAny(): void {
    pickIdle(byWeight)?.update();
  }

  /** A random Tilt, or null if the chosen one is down or busy. */
  function pickIdle(list: readonly SoakTilt[]): SoakTilt | null {
    const tilt = list[Math.floor(random() * list.length)];
    return tilt?.isUp && !tilt.isBusy ? tilt : null;
  }

  async function injectFaults(until: number): Promise<void> {
    while (performance.now() < until) {
      const tilt = pickIdle(tilts);
      if (tilt) await chaos.inject(tilt, announce);
      await delay(FAULT_INTERVAL_MS);
    }
  }

  async function restartStopped(): Promise<void> {
    const away = tilts.filter(({ isUp }) => !isUp);
    for (const tilt of away) {
      await tilt.restart();
      tilt.isUp = true;
    }
    if (away.length > 0) await announce();
  }

  async function announce(): Promise<void> {
    const published = up().filter(({ isPublished }) => isPublished);
    const watched = up().filter(({ isPublished }) => !isPublished);
    await Promise.all([
      writeKubeconfig(folder.path, toEntries(watched)),
      writeKubeconfig(publishedFolder.path, toEntries(published)),
    ]);
  }

  function up(): SoakTilt[] {
    return tilts.filter(({ isUp }) => isUp);
  }

  async function drained(): Promise<void> {
    await Promise.all(up().map(({ server }) => server.drained()));
  }

  function modelState(): ModelState {
    const since = versions;
    versions = [];
    return { versions: since, newest: Object.assign({}, ...up().map((tilt) => tilt.newest())) };
  }
}

function toEntries(tilts: readonly SoakTilt[]): Record<string, TiltServer> {
  return Object.fromEntries(tilts.map(({ name, server }) => [name, server]));
}

const STEPS_PER_BATCH = 50;

/** Resolves when the gateway watches a Tilt. */
async function untilWatched({ name, server }: SoakTilt): Promise<void> {
  const late = new AbortController();
  const watching = server.until(() => server.openWatches > 0).then(() => true);
  const deadline = delay(WATCH_DEADLINE_MS, false, { signal: late.signal }).catch(() => false);
  const isWatched = await Promise.race([watching, deadline]);
  late.abort();
  if (!isWatched) throw new Error(`The gateway did not watch ${name} within ${WATCH_DEADLINE_MS / 1_000} s.`);
}
