import { Agent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Clock } from '../../lib/clock.js';
import { createDeadline, type Deadline } from '../../lib/scope.js';
import { readSessionList, type SessionList } from '../kubernetes/session-list.js';
import { ProviderError } from '../provider.js';
import type { Connection } from './credentials.js';
import type { TiltLimits } from './limits.js';
import { refusalError } from './refusal.js';
import { get, unreachable, urlOf } from './request.js';

/** The Sessions of one API server. What goes wrong is thrown as a {@link ProviderError}. */
export interface SessionApi {
  /** The address of the server, for messages. */
  readonly origin: string;
  /** Lists the Sessions; the next watch reuses the connection, which saves a TLS handshake. */
  list(signal: AbortSignal): Promise<SessionList>;
  /** Lists the Sessions on a connection of its own: this shows whether the server can be reached now. */
  probe(signal: AbortSignal): Promise<SessionList>;
  /**
   * Reads a watch to its end: `ended`, cleanly or cut, or `expired`, when the server no longer knows the version (410).
   * Bytes are handed out as they come, and never waited for (guarantee U1: Tilt freezes when a watcher stops reading).
   */
  watch(
    resourceVersion: string,
    onBytes: (chunk: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<'ended' | 'expired'>;
}

/**
 * Creates a client; the first request opens the first connection.
 *
 * @param lifetime closes every connection when it aborts
 */
export function createSessionApi(
  connection: Connection,
  clock: Clock,
  limits: TiltLimits,
  lifetime: AbortSignal,
): SessionApi {
  const { origin } = connection.server;
  const kept = createKeptAgent(connection.server, lifetime);

  return {
    origin,
    list: (signal) => inTime(signal, (deadline) => list(kept, deadline)),
    probe: (signal) => inTime(signal, (deadline) => list(false, deadline)),
    watch: (resourceVersion, onBytes, signal) =>
      inTime(signal, async (deadline) => {
        const url = urlOf(connection, SESSIONS);
        url.search = watchQuery(resourceVersion);
        const response = await get(connection, url, kept, deadline.signal);
        if (response.statusCode === 410) return 'expired';
        if (response.statusCode !== 200) throw await refused(response, url);
        deadline.meet();
        await readToEnd(response, onBytes);
        return 'ended';
      }),
  };

  async function list(agent: Agent | false, deadline: Deadline): Promise<SessionList> {
    const url = urlOf(connection, SESSIONS);
    const response = await get(connection, url, agent, deadline.signal);
    if (response.statusCode !== 200) throw await refused(response, url);
    const body = await readBody(response, limits.maxBytes, url);
    if (body.cut) throw tooLong(url);
    return readSessionList(body.text, placeOf(url));
  }

  /** Runs a request; it ends with its deadline, in time or not. */
  async function inTime<T>(signal: AbortSignal, request: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = createDeadline(clock, limits.requestMs, signal);
    try {
      return await request(deadline);
    } catch (error) {
      throw deadline.missed ? tooSlow() : error;
    } finally {
      deadline.end();
    }
  }

  async function refused(response: IncomingMessage, url: URL): Promise<ProviderError> {
    const { text } = await readBody(response, MAX_REFUSAL_BYTES, url);
    const { statusCode = 0, headers } = response;
    const refusal = {
      url: placeOf(url),
      status: statusCode,
      retryAfter: headers['retry-after'],
      body: text,
    };
    return refusalError(refusal, clock.now());
  }

  function tooSlow(): ProviderError {
    return new ProviderError('unreachable', `${origin}: no answer within ${limits.requestMs / 1000} s`);
  }

  function tooLong(url: URL): ProviderError {
    return new ProviderError(
      'unreadable',
      `${placeOf(url)}: expected at most ${limits.maxBytes} bytes, got more`,
    );
  }
}

/** Keeps connections for the next request, until the signal aborts. */
function createKeptAgent({ protocol }: URL, signal: AbortSignal): Agent {
  const agent = protocol === 'http:' ? new Agent({ keepAlive: true }) : new HttpsAgent({ keepAlive: true });
  signal.addEventListener('abort', () => agent.destroy(), { once: true });
  return agent;
}

/** An address for messages: without what may be secret in it. */
function placeOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

const SESSIONS = '/apis/tilt.dev/v1alpha1/sessions';
const MAX_REFUSAL_BYTES = 64 * 1024;

/** Tilt ignores the version and the bookmarks, and starts with the current objects; Kubernetes starts after the version. */
function watchQuery(resourceVersion: string): string {
  const query = new URLSearchParams({ watch: '1', allowWatchBookmarks: 'true' });
  if (resourceVersion !== '') query.set('resourceVersion', resourceVersion);
  return query.toString();
}

/** A body, cut off where it grows too long. */
async function readBody(
  response: IncomingMessage,
  maxBytes: number,
  url: URL,
): Promise<{ text: string; cut: boolean }> {
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
  return { text: Buffer.concat(chunks).toString('utf8'), cut: length > maxBytes };
}

/**
 * A stream that breaks has ended as well: what it means for the Sessions, only the next list can tell. Bytes are handed
 * out by the event that brings them: an async iteration made their way a tenth of a millisecond longer.
 */
function readToEnd(response: IncomingMessage, onBytes: (chunk: Uint8Array) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    response.on('data', (chunk: Uint8Array) => {
      try {
        onBytes(chunk);
      } catch (error) {
        response.destroy();
        reject(error);
      }
    });
    response.once('close', resolve);
    response.on('error', () => {});
  });
}
