import { isRecord } from '../lib/is-record.js';
import type { Change } from '../model/change.js';
import { oneLine } from '../model/plain-text.js';

/** Applies a change before it returns. Never waits and never throws (U1). */
export type PushChange = (change: Change) => void;

/** A source of Sessions. */
export interface SessionProvider {
  /** Name of the source, unique in a gateway. Most providers use it as the instance of their Sessions. */
  readonly name: string;
  /**
   * Pushes one snapshot, then changes, until the signal aborts. A later snapshot replaces everything. Changes
   * that are pushed after the signal aborted or the promise settled are ignored.
   *
   * Resolves when the signal aborts and when the source ends. Rejects when the connection breaks;
   * `keepWatching` alone retries. May be called again once it has settled; the new snapshot closes the gap.
   */
  watch(push: PushChange, signal: AbortSignal): Promise<void>;
  /** Reports mistakes in the configuration before the start. Throws a {@link ProviderError}. */
  check?(): Promise<void>;
}

/** An error of a source. `message` is one line: where, what was expected, what was received, what to do. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';

  constructor(
    readonly code: ProviderErrorCode,
    message: string,
    /** Delay before the next attempt that the server asked for (`Retry-After`), in milliseconds. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(oneLine(message));
  }
}

/**
 * - `unreachable`: the connection failed or broke.
 * - `refused`: the server rejected the request.
 * - `unreadable`: the received data is invalid.
 * - `config`: the configuration is invalid.
 */
export type ProviderErrorCode = 'unreachable' | 'refused' | 'unreadable' | 'config';

/**
 * Creates a provider from an async iterable of changes, such as an async generator function. An error of the
 * iterable counts as a broken connection, its end as the end of the source.
 *
 * @param iterate called for each watch. Pending operations in it should listen to the signal: an async
 *   generator that waits for something else is left only when that settles
 */
export function fromAsyncIterable(
  name: string,
  iterate: (signal: AbortSignal) => AsyncIterable<Change>,
): SessionProvider {
  return {
    name,
    async watch(push, signal) {
      if (signal.aborted) return;
      const changes = iterate(signal)[Symbol.asyncIterator]();
      await new Promise<void>((resolve, reject) => {
        signal.addEventListener('abort', abandon, { once: true });
        void pushAll()
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', abandon));

        async function pushAll(): Promise<void> {
          for (let next = await changes.next(); !next.done; next = await changes.next()) {
            if (signal.aborted) return;
            push(next.value);
          }
        }

        function abandon(): void {
          resolve();
          void closeIterator(changes);
        }
      });
    },
  };
}

async function closeIterator(changes: AsyncIterator<Change>): Promise<void> {
  try {
    await changes.return?.();
  } catch {
    // The watch has ended; an error of its clean-up has no effect.
  }
}

/**
 * Checks a change, because a provider may be plain JavaScript and an invalid change would be ignored or fail
 * far from its cause. Throws a `ProviderError` with code `unreadable`, the expected and the received value.
 */
export function checkChange(change: Change): void {
  const problem = findProblem(change);
  if (problem !== null) throw contractError(problem);
}

/**
 * Checks the return value of a provider's `watch`. Throws a `ProviderError` with code `unreadable` unless it
 * is a promise: an async generator would never run, and its source would seem to have ended.
 */
export function checkWatchResult(result: unknown): void {
  const isObject = typeof result === 'object' && result !== null;
  if (isObject && 'then' in result) return;
  const isIterable = isObject && Symbol.asyncIterator in result;
  const got = isIterable ? 'an async iterable; wrap it with fromAsyncIterable' : describe(result);
  throw contractError(`expected a promise from watch(push, signal), got ${got}`);
}

/** Error of a provider that violates its contract. */
export function contractError(problem: string): ProviderError {
  return new ProviderError('unreadable', `its provider violates the contract: ${problem}`);
}

function findProblem(change: unknown): string | null {
  if (!isRecord(change)) return `expected a change, got ${describe(change)}`;
  const { type } = change;
  switch (type) {
    case 'snapshot':
      if (!Array.isArray(change.sessions))
        return invalidField('snapshot', 'sessions, a list', change.sessions);
      if (!change.sessions.every(isSession))
        return invalidField('snapshot', 'only Sessions', change.sessions);
      return areStaleStates(change.stale)
        ? null
        : invalidField('snapshot', 'stale, a list of { id, error }', change.stale);
    case 'upsert':
      if (!isSession(change.session)) return invalidField('upsert', 'session', change.session);
      return areIndices(change.changedTargets)
        ? null
        : invalidField('upsert', 'changedTargets, a list of indices', change.changedTargets);
    case 'remove':
      return typeof change.id === 'string' ? null : invalidField('remove', 'id, a string', change.id);
    case 'stale':
      return typeof change.error === 'string' ? null : invalidField('stale', 'error, a string', change.error);
    case 'availability':
      return typeof change.kind === 'string'
        ? null
        : invalidField('availability', 'kind, a string', change.kind);
    case 'log':
      return typeof change.id === 'string' ? null : invalidField('log', 'id, a string', change.id);
    default:
      return `expected a change of type "snapshot", "upsert", "remove", "stale", "availability" or "log", got ${describe(type)}`;
  }
}

function invalidField(type: string, expected: string, got: unknown): string {
  return `expected a change of type "${type}" with ${expected}, got ${describe(got)}`;
}

/** Whether a value has the shape that `decodeSession` returns. */
function isSession(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'status' in value &&
    (!('facts' in value) || areFacts(value.facts))
  );
}

/** Whether a value has the shape of `SessionFacts`: its resources are a list, or not known. */
function areFacts(value: unknown): boolean {
  if (value === undefined) return true;
  return isRecord(value) && (value.resources == null || Array.isArray(value.resources));
}

function areStaleStates(value: unknown): boolean {
  if (value === undefined) return true;
  const isStaleState = (state: unknown) =>
    isRecord(state) && typeof state.error === 'string' && ['string', 'undefined'].includes(typeof state.id);
  return Array.isArray(value) && value.every(isStaleState);
}

function areIndices(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((index) => Number.isInteger(index)));
}

/** Longest part of a wrong value in an error message, in characters. */
const MAX_SHOWN = 50;

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (Array.isArray(value)) return 'a list of other values';
  if (typeof value === 'object' && value !== null) return 'an object that decodeSession has not created';
  return typeof value === 'function' ? 'a function' : String(value);
}
