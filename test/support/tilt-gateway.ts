import { expect } from 'vitest';
import { systemClock } from '../../src/lib/clock.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { type FollowedSession, followSession } from './followed-session.js';
import { startGateway, type TestGateway } from './gateway.js';
import { createKubeconfigFolder, type KubeconfigEntry, writeKubeconfig } from './kubeconfig-file.js';
import type { ManualClock } from './manual-clock.js';
import type { TiltServer } from './tilt-server.js';

/** The contexts of a kubeconfig, and what stands behind each. */
export type Tilts = Readonly<Record<string, TiltServer | KubeconfigEntry>>;

/** A gateway that follows the Tilts of a kubeconfig of its own. */
export interface TiltGateway extends TestGateway {
  /** The path of the kubeconfig. */
  readonly kubeconfig: string;
  /** Writes the kubeconfig anew, in one step. */
  updateKubeconfig(tilts: Tilts): Promise<void>;
  /** The Session of `tilt-default`, or of another context. */
  session(context?: string): FollowedSession;
  /** Waits until the source `tilt-default`, or of another context, looks as expected to a client. */
  untilSource(expected: object, name?: string): Promise<void>;
}

/** What may be said of a {@link TiltGateway} when it is made. */
export interface TiltGatewayOptions {
  /** A clock moved by hand: `session().until` moves it. Default: the machine's. */
  readonly clock?: ManualClock;
  readonly retainMs?: number;
  /** Sources beside the Tilts. */
  readonly providers?: readonly SessionProvider[];
}

interface Sources {
  readonly gateway: { readonly sources: readonly { readonly name: string }[] };
}

/** As in `followSession`. */
const STEP_MS = 100;

/** Starts one. It retries at once, or nearly: the random part of its backoff is small. */
export async function startTiltGateway(
  tilts: Tilts,
  { clock, ...options }: TiltGatewayOptions = {},
): Promise<TiltGateway> {
  const folder = await createKubeconfigFolder();
  const updateKubeconfig = (entries: Tilts) => writeKubeconfig(folder.path, entries);
  await updateKubeconfig(tilts);
  const gateway = await startGateway({
    ...options,
    tilts: { kubeconfig: folder.path },
    clock: clock ?? systemClock,
    random: () => 0.01,
  });
  return {
    ...gateway,
    kubeconfig: folder.path,
    updateKubeconfig,
    session: (context = 'tilt-default') => followSession(gateway, context, clock),
    async untilSource(expected, name = 'tilt-default') {
      const look = async () => {
        await clock?.advance(STEP_MS);
        const { data } = await gateway.query<Sources>('{ gateway { sources { name state error } } }');
        return data.gateway.sources.find((source) => source.name === name);
      };
      await expect.poll(look, { timeout: 20_000, interval: clock ? 1 : 20 }).toMatchObject(expected);
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
