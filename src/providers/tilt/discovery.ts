import { delimiter } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { type WatchFileEvents, watchFileEvents } from '../../lib/file-events.js';
import { followFiles } from '../../lib/file-watcher.js';
import type { Log } from '../../lib/log.js';
import type { Metrics } from '../../lib/metrics.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import type { TiltLogs } from './hud-logs.js';
import type { KubeContext } from './kube-context.js';
import { loadKubeconfig } from './kubeconfig.js';
import type { TiltLimits } from './limits.js';
import { isTiltContext } from './plan-tilts.js';
import type { Env } from './proxy.js';
import { createTiltProvider } from './tilt.js';
import { createTiltRegistry } from './tilt-registry.js';

/** Options of {@link createTiltDiscovery}. */
export interface TiltDiscoveryOptions extends Partial<TiltLimits> {
  /** Files of the kubeconfig; for Tilt's own see `defaultKubeconfigPaths`. */
  readonly kubeconfig: readonly string[];
  /**
   * Contexts to follow. Default: those named `tilt-*`, as Tilt names its own, so that other clusters of the
   * user are not contacted unasked.
   */
  readonly contexts?: readonly string[];
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` apply. Default: empty. */
  readonly env?: Env;
  /** Reader of the logs of these Tilts. Default: logs are not read. */
  readonly logs?: TiltLogs;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for the jitter of retries of single kinds. Default: `Math.random`. */
  readonly random?: () => number;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** Interval between checks where the system sends no events, in milliseconds. Default 500. */
  readonly pollMs?: number;
  /** How long an incomplete file must stay unchanged before it is read, in milliseconds. Default 50. */
  readonly settleMs?: number;
  /**
   * How long a connected Tilt may take to end before a new entry of its name counts as a second Tilt, in
   * milliseconds. Default 100.
   */
  readonly graceMs?: number;
  /**
   * Interval between attempts to follow a Tilt that was rejected, for example because its name is in use, in
   * milliseconds. Default 5,000.
   */
  readonly retryMs?: number;
  /** File-system events. Default: those of the operating system. */
  readonly events?: WatchFileEvents;
  /**
   * Called when a Tilt was found; the callee watches its provider. It rejects the Tilt by throwing a
   * {@link ProviderError}, for example because the name is in use.
   */
  onFound(provider: SessionProvider): void;
  /** Called when a Tilt was restarted (port, token, CA). The provider replaces the one of the same name. */
  onReplaced(provider: SessionProvider): void;
  /** Called when a Tilt has ended, with the reason for the conclusion. */
  onLost(name: string, reason: string): void;
}

/**
 * Creates the discovery of the Tilts on this machine. It follows their kubeconfig: Tilt adds its entry when
 * it starts, and removes it when it ends. It is itself a provider, without Sessions, so that errors of the
 * file are visible like those of any source: a `snapshot` after each change, with an error while Tilts are
 * rejected, and `stale` while the file cannot be read or is truncated, when known Tilts are kept. Without a
 * file there are no Tilts. The Tilts that were found are kept between two calls of `watch()`.
 */
export function createTiltDiscovery(options: TiltDiscoveryOptions): SessionProvider {
  const { kubeconfig, contexts, clock, pollMs = 500, settleMs = 50 } = options;
  const { graceMs = 100, retryMs = 5_000, events = watchFileEvents } = options;
  const isWanted = ({ name }: KubeContext) => contexts?.includes(name) ?? isTiltContext(name);
  const registry = createTiltRegistry({
    ...options,
    graceMs,
    retryMs,
    file: kubeconfig.join(delimiter),
    createProvider: (context, name, onConnection) =>
      createTiltProvider({ ...options, context, name, onConnection }),
  });

  return { name: 'tilt', watch: follow };

  async function follow(push: PushChange, signal: AbortSignal): Promise<void> {
    let isSynced = false;
    const onChange = () => {
      if (isSynced) pushSnapshot();
    };
    // A step between updates may fail unexpectedly. That ends this watch, which is retried.
    const failure = new Promise<never>((_, reject) => registry.start({ onChange, onFailure: reject }));
    try {
      await Promise.race([failure, followKubeconfig()]);
    } finally {
      registry.stop();
    }

    /** The first snapshot has the error too: the gateway becomes ready, since all other Tilts were found. */
    function pushSnapshot(): void {
      const { error } = registry;
      push({ type: 'snapshot', sessions: [], ...(error !== null && { stale: [{ error }] }) });
    }

    function followKubeconfig(): Promise<void> {
      return followFiles(
        {
          paths: kubeconfig,
          clock,
          pollMs,
          settleMs,
          events,
          read: readEntries,
          describeError: (error) => (error instanceof ProviderError ? error.message : null),
          isComplete,
          onContent({ entries }) {
            const hasChanged = registry.update(entries);
            if (hasChanged || !isSynced) pushSnapshot();
            isSynced = true;
          },
          onError(error) {
            push({ type: 'stale', error });
            isSynced = false;
          },
        },
        signal,
      );
    }
  }

  /**
   * Throws a {@link ProviderError} `config` when the file is truncated and affects a Tilt: a Tilt that is
   * missing from it has not ended, and an entry in it may lack its user.
   */
  async function readEntries(exists: boolean): Promise<Entries> {
    // The file may be being replaced.
    if (!exists) return { entries: [], isComplete: false };
    const { contexts: all, truncation, isComplete } = await loadKubeconfig(kubeconfig);
    const entries = all.filter(isWanted);
    const isAffected = registry.isMissingFrom(entries) || entries.some((entry) => entry.is === 'unusable');
    if (truncation !== null && isAffected) throw new ProviderError('config', truncation);
    return { entries, isComplete };
  }

  function isComplete({ entries, isComplete }: Entries): boolean {
    return isComplete && entries.every((entry) => entry.is === 'usable' && !registry.isHalfWritten(entry));
  }
}

interface Entries {
  readonly entries: readonly KubeContext[];
  /** Whether the files are complete, as Tilt leaves them. */
  readonly isComplete: boolean;
}
