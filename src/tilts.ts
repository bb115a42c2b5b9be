import type { Clock } from './lib/clock.js';
import type { Log } from './lib/log.js';
import type { Metrics } from './lib/metrics.js';
import type { SessionProvider } from './providers/provider.js';
import type { Sources } from './providers/sources.js';
import { createTiltDiscovery } from './providers/tilt/discovery.js';
import type { TiltLogs } from './providers/tilt/hud-logs.js';
import type { SourceStatus } from './store/source-table.js';
import type { Store } from './store/store.js';

/** Tilts to follow. */
export interface TiltsOptions {
  /**
   * Kubeconfig with an entry for each Tilt. Several files are merged as in client-go: of entries with the
   * same name, the first one wins.
   */
  readonly kubeconfig: string | readonly string[];
  /** Contexts to follow. Default: all named `tilt-*`, as Tilt names its own. */
  readonly contexts?: readonly string[];
  /**
   * Environment with `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, with the meaning they have for kubectl.
   * Default: no proxy.
   */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Reader of the logs of these Tilts; see `createTiltLogs`. Default: logs are not read. */
  readonly logs?: TiltLogs;
  /** Provider to use until the first Tilt appears, such as the demo. Default: none. */
  readonly standIn?: SessionProvider;
}

/** Dependencies of {@link followTilts}. */
export interface TiltsParts {
  readonly store: Store;
  readonly sources: Sources;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for the jitter of retries. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Options of a Tilt's source. A crashed Tilt does not delay readiness; the exit of a Tilt is no error. */
const TILT_OPTIONS = { optional: true, isEphemeral: true };

/** Name of the source for the discovery itself. */
const DISCOVERY = 'tilt';

/** Keeps one source for each running Tilt of a kubeconfig, until `sources` is closed. */
export function followTilts(options: TiltsOptions, { store, sources, ...parts }: TiltsParts): void {
  sources.add(
    createTiltDiscovery({
      ...options,
      ...parts,
      kubeconfig: [options.kubeconfig].flat(),
      onFound: (provider) => sources.add(provider, TILT_OPTIONS),
      onReplaced: (provider) => sources.replace(provider, TILT_OPTIONS),
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
      // Not added again later: the demo must not reappear when a real Session has just ended.
      stop();
      sources.remove(standIn.name, 'a Tilt has appeared');
      store.forget(standIn.name);
    }
  });
}

/** Whether discovery has finished and found no reachable Tilt. A crashed Tilt leaves an unreachable entry. */
function noTiltRuns(tilts: readonly SourceStatus[]): boolean {
  return tilts.every(({ state, name, sessionCount }) =>
    name === DISCOVERY ? state !== 'connecting' : state === 'stale' && sessionCount === 0,
  );
}

function isRunning({ name, state }: SourceStatus): boolean {
  return name !== DISCOVERY && state === 'live';
}
