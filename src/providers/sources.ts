import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { ChangeSink } from '../model/change.js';
import { keepWatching } from './keep-watching.js';
import { ProviderError, type SessionProvider } from './provider.js';

/** What {@link createSources} works with; see `KeepWatchingOptions`. */
export interface SourcesOptions {
  readonly sink: ChangeSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
}

/** How a source is added. */
export interface SourceOptions {
  /** The gateway counts as ready even when the source's first try fails. Default: false. */
  readonly optional?: boolean;
  /** Whether the source may end at any time, as a Tilt does: a failure shortly before its removal is no trouble. Default: false. */
  readonly endsByItself?: boolean;
  /** Whether trouble may pass within moments, as with a file that is rewritten in steps: it is logged only if it lasts. Default: false. */
  readonly passingTrouble?: boolean;
}

/** The sources of a gateway, each watched until it is removed or comes to its end. */
export interface Sources {
  /** Begins to watch. Throws a {@link ProviderError} of code `config` when the name is in use. */
  add(provider: SessionProvider, options?: SourceOptions): void;
  /**
   * Goes on with another provider under the same name, as when a Tilt has restarted: its Sessions are STALE until the
   * new one's first snapshot, and never GONE. Adds it when there is none of that name.
   */
  replace(provider: SessionProvider, options?: SourceOptions): void;
  /** Stops watching; the source's Sessions are GONE, for the reason given. Harmless when there is none of that name. */
  remove(name: string, reason: string): void;
  /**
   * Stops watching all, and waits for that. What is known is left in the sink as it is: that the gateway ends says
   * nothing of the Tilts. Harmless when called twice; afterwards `add` and `replace` do nothing.
   */
  close(): Promise<void>;
}

/** Watches any number of providers into one sink. */
export function createSources({ sink, ...parts }: SourcesOptions): Sources {
  const watched = new Map<string, AbortController>();
  const running = new Set<Promise<void>>();
  let isClosed = false;

  return {
    add(provider, options) {
      if (watched.has(provider.name)) throw nameInUse(provider.name);
      start(provider, { ...options, resume: false });
    },
    replace(provider, options) {
      const resume = stop(provider.name);
      if (resume) sink.apply(provider.name, { type: 'stale', error: 'its source restarted' });
      start(provider, { ...options, resume });
    },
    remove(name, reason) {
      if (stop(name)) sink.close(name, reason);
    },
    async close() {
      isClosed = true;
      for (const name of watched.keys()) stop(name);
      await Promise.all(running);
    },
  };

  function start(provider: SessionProvider, options: SourceOptions & { readonly resume: boolean }): void {
    if (isClosed) return;
    const ending = new AbortController();
    const { signal } = ending;
    watched.set(provider.name, ending);
    // Forgotten in the tick in which it closes, so that `replace` never resumes a closed one.
    const onEnd = () => {
      if (watched.get(provider.name) === ending) watched.delete(provider.name);
    };
    const run = keepWatching({ ...options, ...parts, provider, sink, signal, onEnd });
    running.add(run);
    void run.then(() => {
      running.delete(run);
      onEnd();
    });
  }

  /** Whether there was something to stop. */
  function stop(name: string): boolean {
    watched.get(name)?.abort();
    return watched.delete(name);
  }
}

function nameInUse(name: string): ProviderError {
  const hint = `give one of them another, as NAME=SPEC: --source other-${name}=…`;
  return new ProviderError('config', `Two sources have the name "${name}": ${hint}`);
}
