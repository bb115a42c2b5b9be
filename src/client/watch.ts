import { createAsyncIterable, type Feed, type PullSource } from '../lib/async-iterable.js';
import type { Clock } from '../lib/clock.js';
import { ClientError, createResponseError, hasCode, parseErrors } from './client-error.js';
import type { Connection, Subscription } from './connection.js';
import { type TypedDocument, textOf } from './queries.js';
import type { GraphQLRequest } from './socket.js';

/** State of the connection to the gateway, as one watch sees it. */
export interface LinkState {
  /**
   * `connecting`: no gateway has answered yet. `live`: the view is current, or the changes that were missed
   * follow it at once, after a reconnect of a watch that resumes. `lost`: the connection broke, or the newest
   * state exceeds a limit of the gateway, and the view may be out of date until a gateway continues the
   * watch.
   */
  readonly state: 'connecting' | 'live' | 'lost';
  /** Start of this state, in milliseconds since 1970. */
  readonly since: number;
  /** Error of the latest attempt, in one line. Null unless lost. */
  readonly error: string | null;
  /** The current gateway, or the last one that was tried. Null before the first attempt. */
  readonly url: string | null;
  /** Whether every gateway has failed since one was connected. Until then, the next one is tried at once. */
  readonly isDown: boolean;
}

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
 * Silence after which a resumed watch counts as live, in milliseconds. A gateway without changes sends
 * nothing, and one that is behind reports that (`BEHIND`) within 3 s.
 */
const QUIET_MS = 3_500;

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
  let state = source.empty;
  let pending: P[] = [];
  let newest: P | null = null;
  let link: LinkState = { state: 'connecting', since: clock.now(), error: null, url: null, isDown: false };
  let viewedLink = link;
  let cancelQuiet = () => {};
  let cancelMissing = () => {};
  /** The Session that the current request names although the caller named none. */
  let implied: string | undefined;
  /**
   * Whether the pending payloads precede a disconnect: the next one is merged into them, so that none appears
   * as news.
   */
  let isOutdated = false;

  const subscription: Subscription = {
    request() {
      implied = newest === null ? undefined : source.impliedSession(newest);
      return source.request(newest, implied);
    },
    onSubscribed(url) {
      if (newest === null || !source.canResume) return;
      cancelQuiet();
      cancelQuiet = clock.after(QUIET_MS, () => markLive(url));
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
      pending.push(payload);
      if (isOutdated || source.replaces(payload) || pending.length > MAX_PENDING) mergePending();
      isOutdated = false;
      handleMissing(payload);
      markLive(connection.endpoint.url);
      feed.notify();
    },
    onStopped: (errors) =>
      errors === null ? abandon('it ended the subscription') : handleError(createResponseError(errors)),
    onDisconnected(error, url) {
      cancelMissing();
      isOutdated = true;
      mergePending();
      markLost(error.message, url);
    },
    onEnded(error) {
      cancelMissing();
      cancelQuiet();
      feed.finish(error);
    },
  };
  const unsubscribe = connection.subscribe(subscription);

  return {
    take,
    stop() {
      cancelMissing();
      cancelQuiet();
      unsubscribe();
    },
  };

  function take(): V | undefined {
    const payload = pending.shift() ?? null;
    if (payload === null && link === viewedLink) return undefined;
    viewedLink = link;
    if (payload !== null) state = source.apply(state, payload);
    return source.view(state, payload, link);
  }

  function mergePending(): void {
    if (pending.length > 1) pending = [pending.reduce(source.merge)];
  }

  /** Starts over without an id if the Session that only an earlier payload named does not exist any more. */
  function handleMissing(payload: P): void {
    cancelMissing();
    if (implied === undefined || source.impliedSession(payload) !== undefined) return;
    // Its cursor is of another Session than the one that a request without an id selects.
    newest = null;
    cancelMissing = clock.after(MISSING_MS, () => connection.resubscribe(subscription));
  }

  function markLive(url: string): void {
    cancelQuiet();
    connection.markHealthy();
    if (link.state !== 'live')
      setLink({ state: 'live', since: clock.now(), error: null, url, isDown: false });
  }

  function markLost(error: string, url: string): void {
    cancelQuiet();
    const since = link.state === 'lost' ? link.since : clock.now();
    const isDown = connection.haveAllFailed();
    if (link.state === 'lost' && link.error === error && link.isDown === isDown) return;
    setLink({ state: 'lost', since, error, url, isDown });
  }

  function setLink(next: LinkState): void {
    link = next;
    feed.notify();
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
    markLost(`${url}: ${message}`, url);
  }

  function abandon(why: string): void {
    connection.abandon(new ClientError('PROTOCOL', `${connection.endpoint.url}: ${why}`));
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
