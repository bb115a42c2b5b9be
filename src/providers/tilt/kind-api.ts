import { Agent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { type Clock, createDeadline, type Deadline } from '../../lib/clock.js';
import { type ObjectList, readObjectList } from '../kubernetes/list-watch.js';
import { ProviderError } from '../provider.js';
import type { ServerAccess } from './credentials.js';
import type { TiltLimits } from './limits.js';
import { get, resolveUrl, unreachable } from './request.js';
import { responseError } from './response-error.js';

/** A kind of Tilt's API. */
export interface Kind {
  /** Last part of its path. */
  readonly plural: 'sessions' | 'uiresources' | 'clusters';
  /** Kind of its lists. */
  readonly listKind: string;
}

/** Sessions, of which each Tilt has one. */
export const SESSIONS: Kind = { plural: 'sessions', listKind: 'SessionList' };

/** Resources of the Tiltfile. */
export const UI_RESOURCES: Kind = { plural: 'uiresources', listKind: 'UIResourceList' };

/** Kubernetes clusters to which Tilt deploys. */
export const CLUSTERS: Kind = { plural: 'clusters', listKind: 'ClusterList' };

/** Client of one kind of an API server. Errors are thrown as a {@link ProviderError}. */
export interface KindApi {
  readonly kind: Kind;
  /** Origin of the server, for messages. */
  readonly origin: string;
  /** Lists the objects. The next watch reuses the connection, which saves a TLS handshake. */
  list(signal: AbortSignal): Promise<ObjectList>;
  /** Lists the objects on a new connection, which shows whether the server can be reached now. */
  probe(signal: AbortSignal): Promise<ObjectList>;
  /**
   * Reads a watch to its end. Resolves with `ended`, after a clean end or a disconnect, or with `expired`,
   * when the server no longer knows the version (410). Chunks are passed on as they arrive, without waiting
   * (U1: a watcher that stops reading blocks Tilt).
   */
  watch(
    resourceVersion: string,
    onChunk: (chunk: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<'ended' | 'expired'>;
}

/** Connection parameters of the clients of one API server. */
export interface KindApiOptions {
  readonly access: ServerAccess;
  readonly clock: Clock;
  readonly limits: TiltLimits;
  /** Keeps connections open between the requests of all kinds; see {@link createKeepAliveAgent}. */
  readonly agent: Agent;
}

/** Creates a client of one kind. The first request opens the first connection. */
export function createKindApi(kind: Kind, { access, clock, limits, agent }: KindApiOptions): KindApi {
  const { origin } = access.server;
  const path = `/apis/tilt.dev/v1alpha1/${kind.plural}`;

  return {
    kind,
    origin,
    list: (signal) => withDeadline(signal, (deadline) => list(agent, deadline)),
    probe: (signal) => withDeadline(signal, (deadline) => list(false, deadline)),
    watch: (resourceVersion, onChunk, signal) =>
      withDeadline(signal, async (deadline) => {
        const url = resolveUrl(access, path);
        url.search = watchQuery(resourceVersion);
        const response = await get(access, url, agent, deadline.signal);
        if (response.statusCode === 410) return 'expired';
        if (response.statusCode !== 200) throw await readError(response, url);
        deadline.lift();
        await readToEnd(response, onChunk);
        return 'ended';
      }),
  };

  async function list(via: Agent | false, deadline: Deadline): Promise<ObjectList> {
    const url = resolveUrl(access, path);
    const response = await get(access, url, via, deadline.signal);
    if (response.statusCode !== 200) throw await readError(response, url);
    const { text, isTruncated } = await readBody(response, limits.maxBytes, url);
    if (isTruncated) throw tooLong(url);
    return readObjectList(text, safeUrl(url), kind.listKind);
  }

  /** Runs a request within the time limit, which the request can lift. */
  async function withDeadline<T>(
    signal: AbortSignal,
    request: (deadline: Deadline) => Promise<T>,
  ): Promise<T> {
    const deadline = createDeadline(clock, limits.requestMs, signal);
    try {
      return await request(deadline);
    } catch (error) {
      throw deadline.expired ? tooSlow() : error;
    } finally {
      deadline.end();
    }
  }

  async function readError(response: IncomingMessage, url: URL): Promise<ProviderError> {
    const { text: body } = await readBody(response, MAX_ERROR_BYTES, url);
    const { statusCode: status = 0, headers } = response;
    const retryAfter = headers['retry-after'];
    return responseError({ kind: kind.plural, url: safeUrl(url), status, retryAfter, body }, clock.now());
  }

  function tooSlow(): ProviderError {
    return new ProviderError('unreachable', `${origin}: no answer within ${limits.requestMs / 1000} s`);
  }

  function tooLong(url: URL): ProviderError {
    return new ProviderError(
      'unreadable',
      `${safeUrl(url)}: expected at most ${limits.maxBytes} bytes, got more`,
    );
  }
}

/** Creates an agent that keeps connections open for the next request, until the signal aborts. */
export function createKeepAliveAgent({ protocol }: URL, signal: AbortSignal): Agent {
  const agent = protocol === 'http:' ? new Agent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  signal.addEventListener('abort', () => agent.destroy(), { once: true });
  return agent;
}

/** URL for messages, without the parts that may be secret. */
function safeUrl({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** Tilt ignores version and bookmarks and starts with all objects. Kubernetes starts after the version. */
function watchQuery(resourceVersion: string): string {
  const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true' });
  if (resourceVersion !== '') query.set('resourceVersion', resourceVersion);
  return query.toString();
}

/** Reads a body up to the maximum length. */
async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  url: URL,
): Promise<{ text: string; isTruncated: boolean }> {
  const chunks: Uint8Array[] = [];
  const body: AsyncIterable<Uint8Array> = response;
  let length = 0;
  try {
    for await (const chunk of body) {
      length += chunk.length;
      if (length > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof Error ? unreachable(url, error, null) : error;
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isTruncated: length > maxBytes };
}

/**
 * Reads a response to its end. A broken stream counts as ended: the next list shows what it means for the
 * objects. Chunks are passed on by the event that brings them; an async iteration took a tenth of a
 * millisecond longer.
 */
function readToEnd(response: IncomingMessage, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Uint8Array) => {
      try {
        onChunk(chunk);
      } catch (error) {
        response.destroy();
        reject(error);
      }
    });
    response.once('close', resolve);
    response.on('error', () => {});
  });
}
