import type { Change } from '../model/change.js';
import { oneLine } from '../model/one-line.js';

/** Takes a change and applies it before it returns. Never waits and never throws (guarantee U1). */
export type PushChange = (change: Change) => void;

/** A source of Sessions. */
export interface SessionProvider {
  /** Name of the source, unique in a gateway; most providers use it as the instance of their Sessions. */
  readonly name: string;
  /**
   * Pushes one snapshot, then changes, until the signal aborts. A later snapshot replaces everything. What is pushed after
   * the signal has aborted, or after the promise has settled, is ignored.
   *
   * Resolves when the signal aborts, and when the source has come to its end. Rejects when the link breaks: retrying is
   * `keepWatching`'s alone. May be called again once it has settled; the snapshot then closes the gap.
   */
  watch(push: PushChange, signal: AbortSignal): Promise<void>;
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
