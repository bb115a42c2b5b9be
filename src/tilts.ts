import type { Clock } from './lib/clock.js';
import type { Log } from './lib/log.js';
import type { Metrics } from './lib/metrics.js';
import type { SessionProvider } from './providers/provider.js';
import type { Sources } from './providers/sources.js';
import { createTiltDiscovery } from './providers/tilt/discovery.js';
import type { SourceStatus } from './store/source-table.js';
import type { Store } from './store/store.js';

/** Tilts to follow. */
export interface TiltsOptions {
  /**
   * Kubeconfig with their entries. Several files are merged as in client-go: the first entry of a name wins.
   */
  readonly kubeconfig: string | readonly string[];
  /** Contexts to follow. Default: all named `tilt-*`, as Tilt names its own. */
  readonly contexts?: readonly string[];
  /**
   * Environment with `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, which are read as by kubectl. Default: no
   * proxy.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Provider that is used while no Tilt runs. It is removed for good when one appears. Default: none. */
  readonly standIn?: SessionProvider;
}

/** Dependencies of {@link followTilts}. */
export interface TiltsParts {
  readonly store: Store;
  readonly sources: Sources;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A crashed Tilt must not keep the gateway from being ready, and the exit of a Tilt is no error. */
const AS_TILT = { optional: true, endsByItself: true };

/** Name of the source for the discovery itself. */
const DISCOVERY = 'tilt';

/** Follows every Tilt of a kubeconfig while it runs, each as its own source. Ends with the sources. */
export function followTilts(options: TiltsOptions, { store, sources, ...parts }: TiltsParts): void {
  sources.add(
    createTiltDiscovery({
      ...options,
      ...parts,
      kubeconfig: [options.kubeconfig].flat(),
      onFound: (provider) => sources.add(provider, AS_TILT),
      onReplaced: (provider) => sources.replace(provider, AS_TILT),
      onLost: (name, reason) => sources.remove(name, reason),
    }),
    { hasTransientErrors: true },
  );
  if (options.standIn) standInForTilts(options.standIn, store, sources);
}

function standInForTilts(standIn: SessionProvider, store: Store, sources: Sources): void {
  let isActive = false;
  const stop = store.onSources(() => {
    const tilts = store.sources().filter(({ name }) => name !== standIn.name);
    if (!isActive && noTiltRuns(tilts)) {
      isActive = true;
      sources.add(standIn);
    } else if (tilts.some(isRunning)) {
      // Removed for good: the demo must not reappear when a real Session has just ended.
      stop();
      sources.remove(standIn.name, 'a Tilt has appeared');
      store.forget(standIn.name);
    }
  });
}

/**
 * Whether discovery has finished and every Tilt it found is unreachable, such as the entry of a crashed
 * Tilt.
 */
function noTiltRuns(tilts: readonly SourceStatus[]): boolean {
  return tilts.every(({ state, name, sessionCount }) =>
    name === DISCOVERY ? state !== 'connecting' : state === 'stale' && sessionCount === 0,
  );
}

function isRunning({ name, state }: SourceStatus): boolean {
  return name !== DISCOVERY && state === 'live';
}
