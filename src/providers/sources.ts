import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { ChangeSink } from '../model/change.js';
import { keepWatching } from './keep-watching.js';
import { ProviderError, type SessionProvider } from './provider.js';

/** Dependencies of {@link createSources}; see `KeepWatchingOptions`. */
export interface SourcesOptions {
  readonly sink: ChangeSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Default: nothing is counted. */
  readonly metrics?: Metrics;
}

/** Options of one source; see `KeepWatchingOptions`. */
export interface SourceOptions {
  /** Whether the gateway counts as ready even when the source's first attempt fails. Default: false. */
  readonly optional?: boolean;
  /** Whether the source may end at any time: a failure before its removal is no error. Default: false. */
  readonly isEphemeral?: boolean;
  /** Whether errors may resolve themselves, as when a file is rewritten in steps. Default: false. */
  readonly hasTransientErrors?: boolean;
}

/** The sources of a gateway. Each is watched until it is removed or ends. */
export interface Sources {
  /** Starts to watch a source. Throws a {@link ProviderError} with code `config` when the name is in use. */
  add(provider: SessionProvider, options?: SourceOptions): void;
  /**
   * Replaces the provider of a source, as when a Tilt was restarted. The Sessions are STALE until the new
   * provider's first snapshot, and never GONE. Adds the source when it does not exist.
   */
  replace(provider: SessionProvider, options?: SourceOptions): void;
  /** Stops watching a source; its Sessions are GONE for the reason. Ignored for an unknown source. */
  remove(name: string, reason: string): void;
  /**
   * Stops watching all sources and waits until they have stopped. The sink keeps their state, because the
   * Tilts continue when the gateway ends. Afterwards `add` and `replace` do nothing. May be called
   * repeatedly.
   */
  close(): Promise<void>;
}

/** Creates an empty set of sources that feed one sink. */
export function createSources({ sink, ...dependencies }: SourcesOptions): Sources {
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
    const controller = new AbortController();
    const { signal } = controller;
    watched.set(provider.name, controller);
    // Deleted in the tick in which the source closes, so that `replace` never resumes a closed one.
    const onEnd = () => {
      if (watched.get(provider.name) === controller) watched.delete(provider.name);
    };
    const run = keepWatching({ ...options, ...dependencies, provider, sink, signal, onEnd });
    running.add(run);
    void run.then(() => {
      running.delete(run);
      onEnd();
    });
  }

  /** Returns whether the source existed. */
  function stop(name: string): boolean {
    watched.get(name)?.abort();
    return watched.delete(name);
  }
}

function nameInUse(name: string): ProviderError {
  const hint = `give one of them another, as NAME=SPEC: --source other-${name}=…`;
  return new ProviderError('config', `Two sources have the name "${name}": ${hint}`);
}
