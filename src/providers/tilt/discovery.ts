import type { Clock } from '../../clock.js';
import type { Log } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import { type PushChange, streamChanges } from '../change-stream.js';
import { ProviderError, type SessionProvider } from '../provider.js';
import { followFile } from './follow-file.js';
import type { KubeContext, Kubeconfig } from './kubeconfig.js';
import { limitsOf, type TiltLimits } from './limits.js';
import { loadKubeconfig } from './load-kubeconfig.js';
import { createTiltProvider } from './tilt.js';

/** See {@link createTiltDiscovery}. */
export interface TiltDiscoveryOptions extends Partial<TiltLimits> {
  /** The path of the kubeconfig; for Tilt's own see `defaultKubeconfigPath`. */
  readonly kubeconfig: string;
  /**
   * Which of its contexts to follow. Default: those named `tilt-*`, which is how Tilt names its own: another cluster of the
   * user is never contacted uninvited.
   */
  readonly contexts?: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
  /** How often to look at the file, in milliseconds. Default 500: a Tilt shows within a second of its start. */
  readonly pollMs?: number;
  /** For how long a changed file must have held still before it is read, in milliseconds. Default 50. */
  readonly settleMs?: number;
  /** A Tilt is there; its provider is the callee's to watch. */
  found(provider: SessionProvider): void;
  /** A Tilt is reached in another way (port, token, CA): it was started again. The provider takes the place of the one before. */
  changed(provider: SessionProvider): void;
  /** A Tilt has left, and why that is thought. */
  lost(name: string, reason: string): void;
}

/**
 * Finds the Tilts of this machine by following their kubeconfig: Tilt adds its entry when it starts, and takes it out
 * when it ends. It is a provider itself, without Sessions, so that trouble with the file shows like that of any source: a
 * `snapshot` after each read that brought something new, `stale` while the file cannot be read or understood, or was cut
 * off; the Tilts that are known stay known then. No file means no Tilts. What it has found outlives a `watch()`.
 */
export function createTiltDiscovery(options: TiltDiscoveryOptions): SessionProvider {
  const { kubeconfig, contexts, clock, pollMs = 500, settleMs = 50 } = options;
  const isWanted = ({ name }: KubeContext) => contexts?.includes(name) ?? name.startsWith('tilt-');
  /** How each Tilt is reached, as text, to see when that changes. */
  const known = new Map<string, string>();

  return { name: 'tilt', watch: (signal) => streamChanges(follow, limitsOf(options).maxBehind, signal) };

  function follow(push: PushChange, signal: AbortSignal): Promise<void> {
    let isSynced = false;
    return followFile(
      {
        path: kubeconfig,
        clock,
        pollMs,
        settleMs,
        read: async (isThere) => (isThere ? tiltsIn(await loadKubeconfig(kubeconfig)) : []),
        onContent(tilts) {
          const isNews = update(tilts);
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

  /** A Tilt that is missing from a file that was cut off has not left. Throws a {@link ProviderError} `config` then. */
  function tiltsIn({ contexts: all, missing }: Kubeconfig): readonly KubeContext[] {
    const tilts = all.filter(isWanted);
    const isLost = (name: string) => tilts.every((tilt) => tilt.name !== name);
    if (missing === null || ![...known.keys()].some(isLost)) return tilts;
    throw new ProviderError(
      'config',
      `${kubeconfig}: ${missing}: expected a list, got nothing; is it cut off?`,
    );
  }

  /** Tells what is different now; false when nothing is. */
  function update(tilts: readonly KubeContext[]): boolean {
    const names = new Set(tilts.map(({ name }) => name));
    const gone = [...known.keys()].filter((name) => !names.has(name));
    const news = tilts.filter((context) => known.get(context.name) !== JSON.stringify(context));
    for (const name of gone) forget(name);
    for (const context of news) learn(context);
    return gone.length > 0 || news.length > 0;
  }

  function forget(name: string): void {
    known.delete(name);
    options.lost(name, `its entry is no longer in ${kubeconfig}`);
  }

  function learn(context: KubeContext): void {
    const tell = known.has(context.name) ? options.changed : options.found;
    tell(createTiltProvider({ ...options, context: context.name }));
    // Not before: one that was refused, such as for its name, is not known, and the next look tries it again.
    known.set(context.name, JSON.stringify(context));
  }
}
