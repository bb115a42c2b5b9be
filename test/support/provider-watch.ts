import type { Change } from '../../src/model/change.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { createRecordingSink, type RecordedSource } from './recording-sink.js';

/** A watch of a provider that runs by itself. */
export interface ProviderWatch {
  /** What has come so far. */
  readonly changes: readonly Change[];
  /** What all that came adds up to. */
  readonly state: RecordedSource;
  /** Null while it runs; then what it rejected with, or null when it resolved. */
  readonly outcome: { readonly error: unknown } | null;
  /** What the provider was given. */
  readonly signal: AbortSignal;
  /** Aborts the signal. */
  abort(): void;
}

/** Watches a provider until it ends or is aborted. */
export function startProviderWatch(provider: SessionProvider): ProviderWatch {
  const controller = new AbortController();
  const sink = createRecordingSink();
  let outcome: ProviderWatch['outcome'] = null;
  sink.open(provider.name);
  provider
    .watch((change) => sink.apply(provider.name, change), controller.signal)
    .then(
      () => {
        outcome = { error: null };
      },
      (error) => {
        outcome = { error };
      },
    );

  return {
    get changes() {
      return sink.changes(provider.name);
    },
    get state() {
      return sink.source(provider.name);
    },
    get outcome() {
      return outcome;
    },
    signal: controller.signal,
    abort: () => controller.abort(),
  };
}
