import type { Change } from '../model/change.js';
import { ProviderError } from './provider.js';

/**
 * Checks what a provider gives, which may be plain JavaScript: an unknown change would do nothing, or fail far from its cause.
 * Throws a `ProviderError` of code `unreadable` that says what was expected and what came.
 */
export function checkChange(change: Change): void {
  const fault = faultOf(change);
  if (fault !== null) throw new ProviderError('unreadable', `its provider breaks the contract: ${fault}`);
}

/**
 * Checks what a provider's `watch` returns. Throws a `ProviderError` of code `unreadable` unless it is a promise: an async
 * generator would never run, and its source would look as if it had ended.
 */
export function checkRun(run: unknown): void {
  if (typeof run === 'object' && run !== null && 'then' in run) return;
  const isIterable = typeof run === 'object' && run !== null && Symbol.asyncIterator in run;
  const got = isIterable ? 'an async iterable; wrap it with fromAsyncIterable' : shown(run);
  throw new ProviderError(
    'unreadable',
    `its provider breaks the contract: expected a promise from watch(push, signal), got ${got}`,
  );
}

function faultOf(change: unknown): string | null {
  if (typeof change !== 'object' || change === null) return `expected a change, got ${shown(change)}`;
  const { type, ...fields }: { readonly type?: unknown } & Readonly<Record<string, unknown>> = {
    ...change,
  };
  switch (type) {
    case 'snapshot':
      if (!Array.isArray(fields.sessions)) return missing('snapshot', 'sessions, a list', fields.sessions);
      return fields.sessions.every(isSession) ? null : missing('snapshot', 'Sessions alone', fields.sessions);
    case 'upsert':
      if (!isSession(fields.session)) return missing('upsert', 'session', fields.session);
      return areIndices(fields.changedTargets)
        ? null
        : missing('upsert', 'changedTargets, a list of indices', fields.changedTargets);
    case 'remove':
      return typeof fields.id === 'string' ? null : missing('remove', 'id, a text', fields.id);
    case 'stale':
      return typeof fields.error === 'string' ? null : missing('stale', 'error, a text', fields.error);
    default:
      return `expected a change of type "snapshot", "upsert", "remove" or "stale", got ${shown(type)}`;
  }
}

function missing(type: string, expected: string, got: unknown): string {
  return `expected a change of type "${type}" with ${expected}, got ${shown(got)}`;
}

/** As `decodeSession` gives it. */
function isSession(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'string' &&
    'status' in value
  );
}

function areIndices(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((index) => Number.isInteger(index)));
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (Array.isArray(value)) return 'a list of something else';
  if (typeof value === 'object' && value !== null) return 'an object that decodeSession did not make';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** Characters of a wrong value in an error. */
const MAX_SHOWN = 50;
