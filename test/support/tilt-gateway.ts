import { expect } from 'vitest';
import { systemClock } from '../../src/lib/clock.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import type { TiltLogs } from '../../src/providers/tilt/hud-logs.js';
import type { JwtOptions } from '../../src/server/access/access.js';
import { type FollowedSession, followSession } from './followed-session.js';
import { startGateway, type TestGateway } from './gateway.js';
import { createKubeconfigFolder, type KubeconfigEntry, writeKubeconfig } from './kubeconfig-file.js';
import type { ManualClock } from './manual-clock.js';
import type { TiltServer } from './tilt-server.js';

/** Servers or entries of a kubeconfig, by context name. */
export type Tilts = Readonly<Record<string, TiltServer | KubeconfigEntry>>;

/** A gateway that follows the Tilts of its own kubeconfig. */
export interface TiltGateway extends TestGateway {
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  /** Replaces the kubeconfig atomically. */
  updateKubeconfig(tilts: Tilts): Promise<void>;
  /** Returns the Session of a context. Default: `tilt-default`. */
  session(context?: string): FollowedSession;
  /** Waits until a query for the source matches. Default source: `tilt-default`. */
  untilSource(expected: object, name?: string): Promise<void>;
}

/** Options of {@link startTiltGateway}. */
export interface TiltGatewayOptions {
  /** A manual clock, which `session().until` advances. Default: the system clock. */
  readonly clock?: ManualClock;
  readonly retainMs?: number;
  /** Reader of the logs of the Tilts. Default: none. */
  readonly logs?: TiltLogs;
  readonly jwt?: JwtOptions;
  /** Whether entities of Apollo Federation can be queried. Default: false. */
  readonly federation?: boolean;
  /** Providers in addition to the Tilts. */
  readonly providers?: readonly SessionProvider[];
}

interface Sources {
  readonly gateway: { readonly sources: readonly { readonly name: string }[] };
}

/** Step of the manual clock between two queries, as in `followSession`. */
const STEP_MS = 100;

/** Starts a gateway that retries almost immediately, because the random factor of its backoff is small. */
export async function startTiltGateway(
  tilts: Tilts,
  { clock, logs, ...options }: TiltGatewayOptions = {},
): Promise<TiltGateway> {
  const folder = await createKubeconfigFolder();
  const updateKubeconfig = (entries: Tilts) => writeKubeconfig(folder.path, entries);
  await updateKubeconfig(tilts);
  const gateway = await startGateway({
    ...options,
    tilts: { kubeconfig: folder.path, ...(logs && { logs }) },
    clock: clock ?? systemClock,
    random: () => 0.01,
  });
  return {
    ...gateway,
    kubeconfig: folder.path,
    updateKubeconfig,
    session: (context = 'tilt-default') => followSession(gateway, context, clock),
    async untilSource(expected, name = 'tilt-default') {
      const findSource = async () => {
        await clock?.advance(STEP_MS);
        const { data } = await gateway.query<Sources>('{ gateway { sources { name state error } } }');
        return data.gateway.sources.find((source) => source.name === name);
      };
      await expect.poll(findSource, { timeout: 20_000, interval: clock ? 1 : 20 }).toMatchObject(expected);
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
