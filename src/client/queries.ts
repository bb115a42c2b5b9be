import type { Clock } from '../lib/clock.js';
import { codeOf, messageOf } from '../lib/errors.js';
import { isRecord } from '../lib/is-record.js';
import {
  ClientError,
  combineFailures,
  createResponseError,
  createUnreachableError,
  parseErrors,
} from './client-error.js';
import type { Connection } from './connection.js';
import { type Endpoint, resolveToken, type Token } from './endpoint.js';
import type { GraphQLRequest } from './socket.js';

/**
 * Carries the types of a document's result and variables, as `@graphql-typed-document-node/core` does. Never
 * set at run time.
 */
export interface DocumentTypeDecoration<TResult, TVariables> {
  __apiType?: (variables: TVariables) => TResult;
}

/**
 * A document with the types of its result and variables: GraphQL Code Generator creates it with
 * `documentMode: 'string'`.
 */
export type TypedDocument<R, V> = DocumentTypeDecoration<R, V> & { toString(): string };

/**
 * Returns the text of a document. Throws a TypeError for a parsed document (`DocumentNode`), which has no
 * text.
 */
export function textOf(document: { toString(): string }): string {
  const text = document.toString();
  if (text !== '[object Object]') return text;
  throw new TypeError(
    'document: expected a string or a typed document with a text, got a parsed one; ' +
      "print it first, or generate documents with documentMode: 'string'",
  );
}

/** Executes queries over HTTP. */
export interface Queries {
  query<R, V>(
    document: TypedDocument<R, V> | string,
    variables?: V,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<R>;
  /** Rejects pending and later queries with the error. */
  close(error: ClientError): void;
}

interface QueriesOptions {
  readonly endpoints: readonly Endpoint[];
  readonly token: Token | undefined;
  readonly clock: Clock;
  /** Queries try the gateway of this connection first. */
  readonly connection: Pick<Connection, 'endpoint'>;
}

/** Time limit of a response, in milliseconds. A gateway has the same limit for receiving a request. */
const RESPONSE_TIMEOUT_MS = 30_000;

/** Creates the query function of a client. A query tries each gateway once, until one answers. */
export function createQueries({ endpoints, token, clock, connection }: QueriesOptions): Queries {
  const pending = new Set<AbortController>();
  let closed: ClientError | null = null;

  return {
    async query<R, V>(
      document: TypedDocument<R, V> | string,
      variables?: V,
      { signal }: { signal?: AbortSignal | undefined } = {},
    ) {
      const request = { query: textOf(document), variables: { ...variables } };
      const data = await tryEach((endpoint) => execute(endpoint, request, signal));
      // The type of the document describes the data; it is not checked at run time.
      return data as R;
    },
    close(error) {
      closed ??= error;
      for (const controller of pending) controller.abort(error);
    },
  };

  async function tryEach(executeAt: (endpoint: Endpoint) => Promise<unknown>): Promise<unknown> {
    const first = Math.max(endpoints.indexOf(connection.endpoint), 0);
    const order = [...endpoints.slice(first), ...endpoints.slice(0, first)];
    const failures: ClientError[] = [];
    let latest: unknown;
    for (const endpoint of order) {
      try {
        return await executeAt(endpoint);
      } catch (error) {
        if (!(error instanceof ClientError && error.code === 'UNREACHABLE')) throw error;
        failures.push(error);
        latest = combineFailures(failures, error);
      }
    }
    throw latest;
  }

  async function execute(
    endpoint: Endpoint,
    request: GraphQLRequest,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (closed) throw closed;
    signal?.throwIfAborted();
    // Not `AbortSignal.any`: in Node.js 20 that retains 70 bytes per call for the lifetime of the client.
    const controller = new AbortController();
    const abort = () => controller.abort(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    pending.add(controller);
    const timeout = createUnreachableError(
      endpoint.url,
      `no response within ${RESPONSE_TIMEOUT_MS / 1_000} s`,
    );
    const cancel = clock.after(RESPONSE_TIMEOUT_MS, () => controller.abort(timeout));
    try {
      const value = await rejectOnAbort(resolveToken(token), controller.signal);
      return await post(request, endpoint, value, controller.signal);
    } finally {
      cancel();
      pending.delete(controller);
      signal?.removeEventListener('abort', abort);
    }
  }
}

function rejectOnAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

/** Sends one request. Rejects with a ClientError, or with the reason of an abort. */
async function post(
  request: GraphQLRequest,
  endpoint: Endpoint,
  token: string | null,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const response = await fetch(endpoint.url, { ...toRequestInit(request, token), signal });
    return parseResponse(response.status, await response.text(), endpoint);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ClientError
      ? error
      : createUnreachableError(endpoint.url, describeFetchError(error));
  }
}

function toRequestInit(request: GraphQLRequest, token: string | null): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  };
}

function parseResponse(status: number, text: string, endpoint: Endpoint): unknown {
  const response = parseJson(text);
  const errors = parseErrors(response.errors);
  const detail = errors === null ? `status ${status}` : errors.map(({ message }) => message).join('; ');
  const message = `${endpoint.url}: ${detail}`;
  if (status === 401) throw new ClientError('UNAUTHENTICATED', message, errors ?? undefined);
  if (status >= 500) throw new ClientError('UNREACHABLE', message, errors ?? undefined);
  if (status === 403 || status === 413 || status === 429) {
    throw new ClientError('REFUSED', message, errors ?? undefined);
  }
  if (errors !== null) throw createResponseError(errors);
  if (isRecord(response.data) && status === 200) return response.data;
  throw new ClientError('PROTOCOL', `${endpoint.url}: expected a GraphQL response, got ${detail}`);
}

function parseJson(text: string): { readonly data?: unknown; readonly errors?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** Describes why `fetch` failed. Its own message is generic; the cause has the reason. */
function describeFetchError(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  return (cause instanceof Error && (cause.message || codeOf(cause))) || messageOf(error);
}
