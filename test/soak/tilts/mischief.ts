import { setTimeout as delay } from 'node:timers/promises';
import { pick, type Random } from '../../../src/providers/demo/random.js';
import { brokenSessionJson } from '../../support/session-json.js';
import { createStatus } from '../../support/tilt-responses.js';
import type { TiltServer } from '../../support/tilt-server.js';
import type { SoakTilt } from './tilt.js';

/** What happens to Tilts beside updates. */
export interface Mischief {
  /** How often each kind has happened, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /**
   * Something happens to a Tilt, which is busy meanwhile.
   *
   * @param announce writes the kubeconfig anew
   */
  play(tilt: SoakTilt, announce: () => Promise<void>): Promise<void>;
}

/**
 * Updates of 150 kB one after the other: what readers that stall fall behind with. The system alone takes more than 4 MB
 * for a connection that is not read (Linux, over loopback).
 */
const FLOOD_UPDATES = 40;

/** For how long a Tilt that restarts is not there, in milliseconds. */
const DOWN_MS = 100;

/** Nothing has happened yet. */
export function createMischief(random: Random): Mischief {
  const counts = Object.fromEntries(KINDS.map(({ name }) => [name, 0]));

  return {
    counts,
    async play(tilt, announce) {
      const { name, play } = pick(random, KINDS);
      tilt.isBusy = true;
      await play(tilt, announce);
      tilt.isBusy = false;
      counts[name] = (counts[name] ?? 0) + 1;
    },
  };
}

interface Kind {
  readonly name: string;
  readonly play: (tilt: SoakTilt, announce: () => Promise<void>) => Promise<void> | void;
}

const FLOOD: Kind = {
  name: 'floods',
  play(tilt) {
    const session = tilt.anySession();
    for (let left = FLOOD_UPDATES; left > 0; left -= 1) tilt.update('long', session);
    tilt.update('short', session);
  },
};

const COMMON: readonly Kind[] = [
  {
    name: 'rebuilds',
    play: (tilt) => tilt.update('all'),
  },
  {
    name: 'restarts',
    async play(tilt, announce) {
      await tilt.server.stop();
      await delay(DOWN_MS);
      await tilt.restart();
      await announce();
    },
  },
  {
    // As after `tilt down`: the entry is gone, the Session is GONE, and forgotten a little later.
    name: 'leaves',
    async play(tilt, announce) {
      tilt.isUp = false;
      await announce();
      await tilt.server.stop();
    },
  },
  {
    name: 'cuts',
    play: (tilt) => tilt.server.cut('{"type":"MODIFIED","object":{"metadata":{"na'),
  },
  {
    name: 'ends',
    play: ({ server }) => endWatches(server),
  },
  {
    name: 'expired watches',
    play({ server }) {
      server.respond('watch', { status: 410 }, 1);
      return endWatches(server);
    },
  },
  {
    name: 'expiries in a watch',
    play: ({ server }) => server.emit('ERROR', createStatus(410, 'too old resource version')),
  },
  {
    name: 'refusals',
    play({ server }) {
      server.respond('list', { status: 503 }, 1);
      return endWatches(server);
    },
  },
  {
    name: 'broken objects',
    play({ server }) {
      const [known] = server.sessions;
      if (!known) return;
      const { name, uid } = known.metadata;
      server.emit('MODIFIED', brokenSessionJson({ name, uid: String(uid) }));
    },
  },
  {
    name: 'Sessions that come or go',
    play: (tilt) => tilt.comeOrGo(),
  },
];

/** All that may happen, as often as it stands here. */
const KINDS: readonly [Kind, ...Kind[]] = [FLOOD, ...COMMON, ...COMMON, ...COMMON];

/** Resolves when the watches are gone: nothing may be told to one that was ended. */
async function endWatches(server: TiltServer): Promise<void> {
  server.endWatches();
  await server.until(() => server.openWatches === 0);
}
