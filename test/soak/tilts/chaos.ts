import { setTimeout as delay } from 'node:timers/promises';
import { pick, type Random } from '../../../src/providers/demo/random.js';
import { brokenSessionJson } from '../../support/session-json.js';
import { createStatus } from '../../support/tilt-responses.js';
import type { TiltServer } from '../../support/tilt-server.js';
import type { SoakTilt } from './tilt.js';

/** Faults injected into Tilts between updates. */
export interface Chaos {
  /** Number of injected faults, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /**
   * Injects a random fault. The Tilt is busy meanwhile.
   *
   * @param announce rewrites the kubeconfig
   */
  inject(tilt: SoakTilt, announce: () => Promise<void>): Promise<void>;
}

/**
 * Number of consecutive updates of 150 kB, which make stalled readers fall behind. The system alone buffers
 * more than 4 MB for a connection that is not read (Linux, over loopback).
 */
const FLOOD_UPDATES = 40;

/** Downtime of a restarting Tilt, in milliseconds. */
const DOWN_MS = 100;

/** Creates the fault injection. */
export function createChaos(random: Random): Chaos {
  const counts = Object.fromEntries(FAULTS.map(({ name }) => [name, 0]));

  return {
    counts,
    async inject(tilt, announce) {
      const { name, inject } = pick(random, FAULTS);
      tilt.isBusy = true;
      await inject(tilt, announce);
      tilt.isBusy = false;
      counts[name] = (counts[name] ?? 0) + 1;
    },
  };
}

interface Fault {
  readonly name: string;
  readonly inject: (tilt: SoakTilt, announce: () => Promise<void>) => Promise<void> | void;
}

const FLOOD: Fault = {
  name: 'floods',
  inject(tilt) {
    const session = tilt.randomSession();
    for (let left = FLOOD_UPDATES; left > 0; left -= 1) tilt.update('long', session);
    tilt.update('short', session);
  },
};

const COMMON: readonly Fault[] = [
  {
    name: 'rebuilds',
    inject: (tilt) => tilt.update('all'),
  },
  {
    name: 'restarts',
    async inject(tilt, announce) {
      await tilt.server.stop();
      await delay(DOWN_MS);
      await tilt.restart();
      await announce();
    },
  },
  {
    // As after `tilt down`: the kubeconfig entry is removed, the session becomes GONE and is forgotten later.
    name: 'shutdowns',
    async inject(tilt, announce) {
      tilt.isUp = false;
      await announce();
      await tilt.server.stop();
    },
  },
  {
    name: 'cut connections',
    inject: (tilt) => tilt.server.cut('{"type":"MODIFIED","object":{"metadata":{"na'),
  },
  {
    name: 'ended watches',
    inject: ({ server }) => endWatches(server),
  },
  {
    name: 'expired watches',
    inject({ server }) {
      server.respond('watch', { status: 410 }, 1);
      return endWatches(server);
    },
  },
  {
    name: 'expiries in a watch',
    inject: ({ server }) => server.emit('ERROR', createStatus(410, 'too old resource version')),
  },
  {
    name: 'rejected lists',
    inject({ server }) {
      server.respond('list', { status: 503 }, 1);
      return endWatches(server);
    },
  },
  {
    name: 'broken objects',
    inject({ server }) {
      const [known] = server.sessions;
      if (!known) return;
      const { name, uid } = known.metadata;
      server.emit('MODIFIED', brokenSessionJson({ name, uid: String(uid) }));
    },
  },
  {
    name: 'Sessions added or removed',
    inject: (tilt) => tilt.addOrRemoveSession(),
  },
];

/** All faults. Repeated entries are more likely. */
const FAULTS: readonly [Fault, ...Fault[]] = [FLOOD, ...COMMON, ...COMMON, ...COMMON];

/** Ends the watches and waits until they are closed. An ended watch must not receive anything. */
async function endWatches(server: TiltServer): Promise<void> {
  server.endWatches();
  await server.until(() => server.openWatches === 0);
}
