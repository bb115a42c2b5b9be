import type { Change } from '../model/change.js';
import { oneLine } from '../model/one-line.js';

/**
 * A source of Sessions. `watch` gives one snapshot first, then changes, until the signal aborts; a later snapshot
 * replaces all. It may be called again after it threw (the snapshot then heals the gap) but not while it runs.
 * It throws when the link breaks: retrying is `keepWatching`'s alone. That it returns without being aborted says that
 * the source has come to its end.
 */
export interface SessionProvider {
  /** What the source is called, unique in a gateway; most providers use it as the instance of their Sessions. */
  readonly name: string;
  watch(signal: AbortSignal): AsyncIterable<Change>;
  /**
   * Whether its changes stand in a log that other gateways read too: where it is a gateway's only source, its positions
   * are the gateway's cursors. Default: false.
   */
  readonly sharesLog?: boolean;
  /** A look before the start, where a mistake on the command line would show. Throws a {@link ProviderError}. */
  check?(): Promise<void>;
}

/** What the trouble with a source is about; `message` is one line: where, what was expected, what came, what to do. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly code: ProviderErrorCode,
    message: string,
    /** The server's wish, in milliseconds, before the next try (`Retry-After`). */
    readonly retryAfterMs: number | null = null,
  ) {
    super(oneLine(message));
  }
}

/** `unreachable`: no connection, or it broke. `refused`: the server said no. `unreadable`: what came makes no sense. `config`: the set-up is wrong. */
export type ProviderErrorCode = 'unreachable' | 'refused' | 'unreadable' | 'config';
