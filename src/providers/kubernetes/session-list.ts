import { isRecord } from '../../lib/is-record.js';
import { ProviderError } from '../provider.js';

/** What an API server says there is. */
export interface SessionList {
  /** From where to watch; empty when the server gave none. */
  readonly resourceVersion: string;
  /** Each to be decoded by itself, so that a bad one spoils no other. */
  readonly items: readonly unknown[];
}

/**
 * Reads a `SessionList` from its JSON text. Pure.
 *
 * @throws {@link ProviderError} `unreadable` when it is none
 */
export function readSessionList(body: string, url: string): SessionList {
  const list = parseJson(body, url);
  if (!isRecord(list)) throw unreadable(url, 'a JSON object', list);
  const items = list.items ?? [];
  if (list.kind !== 'SessionList') throw unreadable(url, 'the kind "SessionList"', list.kind);
  if (!Array.isArray(items)) throw unreadable(url, 'a list in "items"', items);
  const version = isRecord(list.metadata) ? list.metadata.resourceVersion : undefined;
  return {
    resourceVersion: typeof version === 'string' ? version : '',
    items: items.map((item: unknown) => withKind(item, list.apiVersion)),
  };
}

/** In a list, Kubernetes may leave out the kind and version of the items: the list tells them. */
function withKind(item: unknown, apiVersion: unknown): unknown {
  return isRecord(item) ? { kind: 'Session', apiVersion, ...item } : item;
}

function parseJson(body: string, url: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw unreadable(url, 'JSON', body.slice(0, 100));
  }
}

function unreadable(url: string, expected: string, got: unknown): ProviderError {
  const text = JSON.stringify(got) ?? 'nothing';
  return new ProviderError(
    'unreadable',
    `${url}: expected ${expected}, got ${text.length > 60 ? `${text.slice(0, 59)}…` : text}`,
  );
}
