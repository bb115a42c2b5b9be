import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../src/providers/demo/random.js';
import { createKubeconfigFolder, writeKubeconfig } from '../../support/kubeconfig-file.js';
import type { Truth, Version } from '../model/truth.js';
import { atPace, type Pace } from '../pace.js';
import { createMischief } from './mischief.js';
import { SHAPES } from './shapes.js';
import { createSoakTilt, type SoakTilt } from './tilt.js';

/** Several Tilts that stand in one kubeconfig. */
export interface Tilts extends AsyncDisposable {
  readonly kubeconfig: string;
  /** The ids of all Sessions there may be. */
  readonly ids: readonly string[];
  /** How many updates were told to somebody who watched. */
  readonly updates: number;
  /** What else has happened, by name, and how often. */
  readonly mischief: Readonly<Record<string, number>>;
  /** The longest that a write to the gateway was held up, in milliseconds (U1). */
  readonly longestStallMs: number;
  /**
   * Everything happens, at that pace.
   *
   * @param keptUp resolves when who watches has kept up so far; it is waited for between lots of updates
   */
  churn(pace: Pace, keptUp: () => Promise<void>): Promise<void>;
  /** Everything stands still: gives what is true, once all of it was told. */
  rest(): Promise<Truth>;
  /** As at the start, after so many updates that are always the same: gives what is true. */
  reset(updates: number, keptUp: () => Promise<void>): Promise<Truth>;
}

/** How long a Tilt may wait to be watched: after several failures in two minutes the gateway itself waits up to 30 s. */
const WATCH_DEADLINE_MS = 60_000;

/** In this time the gateway has seen that the kubeconfig has changed, and watches anew, in milliseconds. */
const FOUND_MS = 1_500;

/** Something else than an update happens so often, in milliseconds. */
const MISCHIEF_EVERY_MS = 400;

/** Starts them all, and writes their kubeconfig. */
export async function startTilts(random: Random): Promise<Tilts> {
  const folder = await createKubeconfigFolder();
  const tilts: SoakTilt[] = [];
  const mischief = createMischief(random);
  let versions: Version[] = [];
  for (const shape of SHAPES) {
    const note = (version: Version) => void versions.push(version);
    tilts.push(await createSoakTilt({ ...shape, random, note }));
  }
  const byWeight = tilts.flatMap((tilt, index) => Array<SoakTilt>(SHAPES[index]?.weight ?? 1).fill(tilt));
  await announce();

  return {
    kubeconfig: folder.path,
    ids: SHAPES.flatMap(({ name, sessions }) => sessions.map((session) => `${name}/${session}`)),
    get updates() {
      return tilts.reduce((sum, tilt) => sum + tilt.updates, 0);
    },
    get mischief() {
      return { ...mischief.counts };
    },
    get longestStallMs() {
      return Math.max(...tilts.map(({ server }) => server.longestStallMs));
    },
    async churn(pace, keptUp) {
      await bringBack();
      await Promise.all([
        atPace(pace, updateAny, keptUp),
        // What happens late leaves the gateway hardly time to come back before the rest.
        playMischief(performance.now() + (pace.ms * 3) / 4),
      ]);
    },
    async rest() {
      await Promise.all(up().map(watched));
      // Whatever was not understood is made good by the next update.
      for (const tilt of up())
        for (const { metadata } of tilt.server.sessions) tilt.update('one', metadata.name);
      await drained();
      return truth();
    },
    async reset(count, keptUp) {
      await bringBack();
      for (const tilt of tilts) await tilt.reset();
      await announce();
      await delay(FOUND_MS);
      await Promise.all(tilts.map(watched));
      for (let k = 0; k < count; k += 1) {
        tilts[k % tilts.length]?.step(Math.floor(k / tilts.length));
        if (k % STEPS_AT_ONCE === 0) await keptUp();
      }
      await drained();
      return truth();
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(tilts.map(({ server }) => server.close()));
      await folder[Symbol.asyncDispose]();
    },
  };

  function updateAny(): void {
    anyOf(byWeight)?.update();
  }

  /** Null when the one that was chosen is not to be touched now. */
  function anyOf(list: readonly SoakTilt[]): SoakTilt | null {
    const tilt = list[Math.floor(random() * list.length)];
    return tilt?.isUp && !tilt.isBusy ? tilt : null;
  }

  async function playMischief(until: number): Promise<void> {
    while (performance.now() < until) {
      const tilt = anyOf(tilts);
      if (tilt) await mischief.play(tilt, announce);
      await delay(MISCHIEF_EVERY_MS);
    }
  }

  async function bringBack(): Promise<void> {
    const away = tilts.filter(({ isUp }) => !isUp);
    for (const tilt of away) {
      await tilt.restart();
      tilt.isUp = true;
    }
    if (away.length > 0) await announce();
  }

  function announce(): Promise<void> {
    return writeKubeconfig(folder.path, Object.fromEntries(up().map(({ name, server }) => [name, server])));
  }

  function up(): SoakTilt[] {
    return tilts.filter(({ isUp }) => isUp);
  }

  async function drained(): Promise<void> {
    await Promise.all(up().map(({ server }) => server.drained()));
  }

  function truth(): Truth {
    const since = versions;
    versions = [];
    return { versions: since, newest: Object.assign({}, ...up().map((tilt) => tilt.newest())) };
  }
}

const STEPS_AT_ONCE = 50;

/** Resolves once the gateway watches a Tilt. */
async function watched({ name, server }: SoakTilt): Promise<void> {
  const late = new AbortController();
  const watching = server.until(() => server.openWatches > 0).then(() => true);
  const deadline = delay(WATCH_DEADLINE_MS, false, { signal: late.signal }).catch(() => false);
  const isWatched = await Promise.race([watching, deadline]);
  late.abort();
  if (!isWatched) throw new Error(`The gateway did not watch ${name} within ${WATCH_DEADLINE_MS / 1_000} s.`);
}
