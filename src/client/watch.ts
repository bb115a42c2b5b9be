import { createAsyncIterable, type Feed, type PullSource } from '../lib/async-iterable.js';
import type { Clock } from '../lib/clock.js';
import { ClientError, createResponseError, hasCode, parseErrors } from './client-error.js';
import type { Connection, Subscription } from './connection.js';
import { createLink, type LinkState } from './link.js';
import { type TypedDocument, textOf } from './queries.js';
import type { GraphQLRequest } from './socket.js';

/** A subscription, and how its payloads become views. */
export interface ViewSource<P, S, V> {
  /** State before the first payload. */
  readonly empty: S;
  /**
   * @param newest the last payload received, to resume after it; null to start over
   * @param implied the {@link impliedSession} of that payload
   */
  request(newest: P | null, implied: string | undefined): GraphQLRequest;
  /** Id of the Session to request after this payload, although the caller named none. Undefined for none. */
  impliedSession(payload: P): string | undefined;
  /**
   * Whether a request can continue after the last payload, by its cursor. Otherwise each connection starts
   * with the full state.
   */
  readonly canResume: boolean;
  /** Reads the payload of a result. Null when the result does not have the expected form. */
  read(data: unknown): P | null;
  /** Whether the payload makes all earlier ones obsolete. */
  replaces(payload: P): boolean;
  /** Merges two successive payloads into one with the same effect. */
  merge(earlier: P, later: P): P;
  apply(state: S, payload: P): S;
  /** @param payload the payload that was applied last; null when only the link changed */
  view(state: S, payload: P | null, link: LinkState): V;
}

/**
 * Limit of unread payloads. Above it they are merged into one (S5); so they are on a `reset` and after a
 * disconnect.
 */
const MAX_PENDING = 64;

/**
 * Time for a Session that the caller did not name to appear after a reconnect, in milliseconds. A gateway
 * that has just started may know the other Sessions first.
 */
const MISSING_MS = 3_000;

/**
 * Watches a subscription across reconnects and gateways.
 *
 * @param createSource called for each iteration: a source may keep what it has received
 */
export function watch<P, S, V>(
  connection: Connection,
  clock: Clock,
  createSource: () => ViewSource<P, S, V>,
  signal: AbortSignal | undefined,
): AsyncIterable<V> {
  return createAsyncIterable(signal, (feed) => openWatch(connection, clock, createSource(), feed));
}

function openWatch<P, S, V>(
  connection: Connection,
  clock: Clock,
  source: ViewSource<P, S, V>,
  feed: Feed,
): PullSource<V> {
  const link = createLink(connection, clock, feed.notify);
  const unread = createUnread(source, link.state);
  let newest: P | null = null;
  let cancelMissing = () => {};
  /** The Session that the current request names although the caller named none. */
  let implied: string | undefined;

  const subscription: Subscription = {
    request() {
      implied = newest === null ? undefined : source.impliedSession(newest);
      return source.request(newest, implied);
    },
    onSubscribed(url) {
      if (newest !== null && source.canResume) link.markLiveWhenQuiet(url);
    },
    onResult({ data, errors }) {
      const responseErrors = parseErrors(errors);
      if (responseErrors !== null) {
        const error = createResponseError(responseErrors);
        // The gateway keeps the subscription, and sends the complete state once that is within the limit.
        if (newest !== null && data == null && hasAnyCode(error, EXCEEDED_CODES)) return suspend(error);
        return handleError(error);
      }
      const payload = source.read(data);
      if (payload === null) return abandon('it sent an unexpected payload');
      newest = payload;
      unread.add(payload);
      handleMissing(payload);
      link.markLive(connection.endpoint.url);
      feed.notify();
    },
    onStopped: (errors) =>
      errors === null ? abandon('it ended the subscription') : handleError(createResponseError(errors)),
    onDisconnected(error, url) {
      cancelMissing();
      unread.markOutdated();
      link.markLost(error.message, url);
    },
    onEnded(error) {
      cancelMissing();
      link.dispose();
      feed.finish(error);
    },
  };
  const unsubscribe = connection.subscribe(subscription);

  return {
    take: () => unread.take(link.state),
    stop() {
      cancelMissing();
      link.dispose();
      unsubscribe();
    },
  };

  /** Starts over without an id if the Session that only an earlier payload named does not exist any more. */
  function handleMissing(payload: P): void {
    cancelMissing();
    if (implied === undefined || source.impliedSession(payload) !== undefined) return;
    // Its cursor is of another Session than the one that a request without an id selects.
    newest = null;
    cancelMissing = clock.after(MISSING_MS, () => connection.resubscribe(subscription));
  }

  /**
   * Retries errors that another gateway, or the same one later, may not have. Others would only repeat: they
   * end the watch.
   */
  function handleError(error: ClientError): void {
    if (hasAnyCode(error, RETRYABLE_CODES)) abandon(error.message);
    else feed.finish(error);
  }

  /** Keeps the subscription and the last state, which is out of date, until the next payload. */
  function suspend({ message }: ClientError): void {
    const { url } = connection.endpoint;
    link.markLost(`${url}: ${message}`, url);
  }

  function abandon(why: string): void {
    connection.abandon(new ClientError('PROTOCOL', `${connection.endpoint.url}: ${why}`));
  }
}

/** Creates the list of payloads that were not taken as views yet. */
function createUnread<P, S, V>(source: ViewSource<P, S, V>, link: LinkState) {
  let state = source.empty;
  let pending: P[] = [];
  let viewedLink = link;
  /**
   * Whether the pending payloads precede a disconnect: the next one is merged into them, so that none appears
   * as news.
   */
  let isOutdated = false;

  return {
    add(payload: P): void {
      pending.push(payload);
      if (isOutdated || source.replaces(payload) || pending.length > MAX_PENDING) mergePending();
      isOutdated = false;
    },
    markOutdated(): void {
      isOutdated = true;
      mergePending();
    },
    /** Returns the next view; undefined if there is no payload and the link is that of the last view. */
    take(current: LinkState): V | undefined {
      const payload = pending.shift() ?? null;
      if (payload === null && current === viewedLink) return undefined;
      viewedLink = current;
      if (payload !== null) state = source.apply(state, payload);
      return source.view(state, payload, current);
    },
  };

  function mergePending(): void {
    if (pending.length > 1) pending = [pending.reduce(source.merge)];
  }
}

function hasAnyCode(error: ClientError, codes: readonly string[]): boolean {
  return codes.some((code) => hasCode(error, code));
}

const RETRYABLE_CODES = ['BEHIND', 'TOO_MANY_REQUESTS', 'INTERNAL_SERVER_ERROR'];

/** Codes of a running subscription whose state exceeds a limit. */
const EXCEEDED_CODES = ['QUERY_TOO_COMPLEX', 'RESPONSE_TOO_LARGE'];

/** Limit of unread payloads of a raw subscription, which only its consumer could merge. */
const MAX_UNREAD = 1_000;

/** Options of {@link subscribe}. */
interface SubscribeOptions {
  readonly signal: AbortSignal | undefined;
  /** Whether the next gateway is tried while none has accepted the connection. */
  readonly triesOthers: boolean;
}

/** Subscribes over one connection, without reconnecting. Throws a TypeError for a document without a text. */
export function subscribe<R, V>(
  connection: Connection,
  document: TypedDocument<R, V> | string,
  variables: V | undefined,
  { signal, triesOthers }: SubscribeOptions,
): AsyncIterable<R> {
  const request = { query: textOf(document), variables: { ...variables } };
  return createAsyncIterable(signal, open);

  function open(feed: Feed): PullSource<R> {
    const pending: R[] = [];
    let isSubscribed = false;
    const unsubscribe = connection.subscribe({
      request: () => request,
      onSubscribed() {
        isSubscribed = true;
      },
      onResult({ data, errors }) {
        const responseErrors = parseErrors(errors);
        if (responseErrors !== null) return feed.finish(createResponseError(responseErrors));
        if (pending.length >= MAX_UNREAD) return feed.finish(createTooSlowError());
        // The type belongs to the text that was executed.
        pending.push(data as R);
        feed.notify();
      },
      onStopped: (errors) => feed.finish(errors && createResponseError(errors)),
      onDisconnected(error) {
        if (isSubscribed || !triesOthers || connection.haveAllFailed()) feed.finish(error);
      },
      onEnded: (error) => feed.finish(error),
    });
    return {
      take: () => pending.shift(),
      stop: unsubscribe,
    };
  }
}

function createTooSlowError(): ClientError {
  return new ClientError(
    'TOO_SLOW',
    `The consumer left more than ${MAX_UNREAD} payloads unread. Read faster, or use watchTargets, which merges them.`,
  );
}
