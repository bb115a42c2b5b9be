import type { Clock } from './lib/clock.js';
import type { Log } from './lib/log.js';
import type { Metrics } from './lib/metrics.js';
import type { SessionProvider } from './providers/provider.js';
import type { Sources } from './providers/sources.js';
import { createTiltDiscovery } from './providers/tilt/discovery.js';
import type { SourceStatus } from './store/source-table.js';
import type { Store } from './store/store.js';

/** Which Tilts to follow. */
export interface TiltsOptions {
  /** The kubeconfig with their entries: one file, or several that are merged as client-go does, the first of a name wins. */
  readonly kubeconfig: string | readonly string[];
  /** Only these contexts. Default: every one named `tilt-*`, as Tilt names its own. */
  readonly contexts?: readonly string[];
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count, as for kubectl. Default: empty, no proxy. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Played while no Tilt runs; leaves for good when one appears. Default: none. */
  readonly standIn?: SessionProvider;
}

/** What following Tilts works with. */
export interface TiltsParts {
  readonly store: Store;
  readonly sources: Sources;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A crashed Tilt must not keep the gateway from being ready, and a Tilt that ends is no trouble. */
const AS_TILT = { optional: true, endsByItself: true };

/** The name under which discovery itself stands among the sources. */
const DISCOVERY = 'tilt';

/** Follows every Tilt of a kubeconfig, each as a source of its own, as they come and go. Ends with the sources. */
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
  let isOn = false;
  const stop = store.onSources(() => {
    const tilts = store.sources().filter(({ name }) => name !== standIn.name);
    if (!isOn && noneRuns(tilts)) {
      isOn = true;
      sources.add(standIn);
    } else if (tilts.some(runs)) {
      // For good: a made-up Session must not come up where a real one has just ended.
      stop();
      sources.remove(standIn.name, 'a Tilt has appeared');
      store.forget(standIn.name);
    }
  });
}

/** Whether discovery has looked, and whatever it found (a crashed Tilt's entry) could not be reached. */
function noneRuns(tilts: readonly SourceStatus[]): boolean {
  return tilts.every(({ state, name, sessionCount }) =>
    name === DISCOVERY ? state !== 'connecting' : state === 'stale' && sessionCount === 0,
  );
}

function runs({ name, state }: SourceStatus): boolean {
  return name !== DISCOVERY && state === 'live';
}
