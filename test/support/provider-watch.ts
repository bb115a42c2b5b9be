import type { Change } from '../../src/model/change.js';
import type { SessionProvider } from '../../src/providers/provider.js';
import { createRecordingSink, type RecordedSource } from './recording-sink.js';

/** A running watch of a provider. */
export interface ProviderWatch {
  /** Changes pushed so far. */
  readonly changes: readonly Change[];
  /** State of the source after all changes. */
  readonly state: RecordedSource;
  /** Null while the watch runs. Then its rejection, with `error: null` if it resolved. */
  readonly outcome: { readonly error: unknown } | null;
  /** Signal passed to the provider. */
  readonly signal: AbortSignal;
  /** Aborts the signal. */
  abort(): void;
}

/** Watches a provider until the watch ends or is aborted. */
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
