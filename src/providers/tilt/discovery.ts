import { delimiter } from 'node:path';
import type { Clock } from '../../lib/clock.js';
import { type WatchFileEvents, watchFileEvents } from '../../lib/file-events.js';
import { followFiles } from '../../lib/file-watcher.js';
import type { Log } from '../../lib/log.js';
import type { Metrics } from '../../lib/metrics.js';
import { ProviderError, type PushChange, type SessionProvider } from '../provider.js';
import type { KubeContext } from './kube-context.js';
import type { Env } from './kubeconfig-paths.js';
import type { TiltLimits } from './limits.js';
import { loadKubeconfig } from './load-kubeconfig.js';
import { isTiltContext } from './plan-tilts.js';
import { createTiltProvider } from './tilt.js';
import { createTiltRegistry } from './tilt-registry.js';

/** See {@link createTiltDiscovery}. */
export interface TiltDiscoveryOptions extends Partial<TiltLimits> {
  /** The files of the kubeconfig; for Tilt's own see `defaultKubeconfigPaths`. */
  readonly kubeconfig: readonly string[];
  /**
   * Which of its contexts to follow. Default: those named `tilt-*`, which is how Tilt names its own: another cluster of the
   * user is never contacted uninvited.
   */
  readonly contexts?: readonly string[];
  /** Environment whose `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count. Default: empty. */
  readonly env?: Env;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** How often to check the file where the system sends no events, in milliseconds. Default 500. */
  readonly pollMs?: number;
  /** How long a changed file that may be incomplete must stay unchanged before it is read, in milliseconds. Default 50. */
  readonly settleMs?: number;
  /** How long a connected Tilt may take to end before a new entry of its name counts as a second Tilt, in milliseconds. Default 100. */
  readonly graceMs?: number;
  /** File-system events. Default: those of the system. */
  readonly events?: WatchFileEvents;
  /** A Tilt was found; the callee watches its provider. */
  found(provider: SessionProvider): void;
  /** A Tilt was restarted (port, token, CA): the provider replaces the one of its name. */
  changed(provider: SessionProvider): void;
  /** A Tilt has left, and the reason for thinking so. */
  lost(name: string, reason: string): void;
}

/**
 * Finds the Tilts of this machine by following their kubeconfig: Tilt adds its entry when it starts, and removes it when it
 * ends. It is a provider itself, without Sessions, so that trouble with the file shows like that of any source: a `snapshot`
 * after each change, `stale` while the file cannot be read or is cut off; known Tilts are kept then. No file means no
 * Tilts. What it has found outlives a `watch()`.
 */
export function createTiltDiscovery(options: TiltDiscoveryOptions): SessionProvider {
  const { kubeconfig, contexts, clock, pollMs = 500, settleMs = 50, graceMs = 100 } = options;
  const { events = watchFileEvents } = options;
  const isWanted = ({ name }: KubeContext) => contexts?.includes(name) ?? isTiltContext(name);
  const registry = createTiltRegistry({
    ...options,
    graceMs,
    file: kubeconfig.join(delimiter),
    createProvider: (context, name, onLink) => createTiltProvider({ ...options, context, name, onLink }),
  });

  return { name: 'tilt', watch: follow };

  async function follow(push: PushChange, signal: AbortSignal): Promise<void> {
    let isSynced = false;
    const onNews = () => {
      if (isSynced) push({ type: 'snapshot', sessions: [] });
    };
    // What a link decides may fail too, such as a name that is in use: that ends this watch, and it is tried again.
    const failure = new Promise<never>((_, reject) => registry.start({ onNews, onFailure: reject }));
    try {
      await Promise.race([failure, followKubeconfig()]);
    } finally {
      registry.stop();
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
          troubleIn: (error) => (error instanceof ProviderError ? error.message : null),
          isComplete,
          onContent({ entries }) {
            const isNews = registry.update(entries);
            if (isNews || !isSynced) push({ type: 'snapshot', sessions: [] });
            isSynced = true;
          },
          onTrouble(error) {
            push({ type: 'stale', error });
            isSynced = false;
          },
        },
        signal,
      );
    }
  }

  /** A Tilt that is missing from a file that was cut off has not left, and an entry there may lack its user. Throws a {@link ProviderError} `config` then. */
  async function readEntries(exists: boolean): Promise<Entries> {
    // Perhaps it is just being replaced.
    if (!exists) return { entries: [], isComplete: false };
    const { contexts: all, cutOff, isComplete } = await loadKubeconfig(kubeconfig);
    const entries = all.filter(isWanted);
    const isPartial = registry.isMissingFrom(entries) || entries.some((entry) => entry.is === 'unusable');
    if (cutOff !== null && isPartial) throw new ProviderError('config', cutOff);
    return { entries, isComplete };
  }

  function isComplete({ entries, isComplete }: Entries): boolean {
    return isComplete && entries.every((entry) => entry.is === 'usable' && !registry.isHalfWritten(entry));
  }
}

interface Entries {
  readonly entries: readonly KubeContext[];
  /** Whether the files are as Tilt leaves them. */
  readonly isComplete: boolean;
}
