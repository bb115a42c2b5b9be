import { createAsyncIterable, type Feed, type PullSource } from '../lib/async-iterable.js';
import type { Clock } from '../lib/clock.js';
import { type AnsweredError, answeredError, ClientError, errorsOf, hasCode } from './client-error.js';
import type { Link } from './link.js';
import { type TypedDocument, textOf } from './typed-document.js';
import type { LinkState, ViewSource } from './views.js';

/**
 * How many payloads may wait to be taken. With one more all are merged into one (S5), and so they are by one that replaces what
 * came before, and by the first one after a loss.
 */
const MAX_WAITING = 64;

/**
 * How long a gateway may be silent after a watch was resumed until it counts as live, in milliseconds: one that has nothing
 * to tell says nothing, and one that has not read as far waits up to 3 s before it says so (`BEHIND`).
 */
const QUIET_MS = 3_500;

/** Follows a subscription over lost connections, from gateway to gateway. */
export function watch<P, S, V>(
  link: Link,
  clock: Clock,
  source: ViewSource<P, S, V>,
  signal: AbortSignal | undefined,
): AsyncIterable<V> {
  return createAsyncIterable(signal, (feed) => openWatch(link, clock, source, feed));
}

function openWatch<P, S, V>(
  link: Link,
  clock: Clock,
  source: ViewSource<P, S, V>,
  feed: Feed,
): PullSource<V> {
  let state = source.empty;
  let waiting: P[] = [];
  let newest: P | null = null;
  let linkState: LinkState = { state: 'connecting', since: clock.now(), error: null, url: null };
  let toldLink = linkState;
  let stopQuiet = () => {};
  /** Whether what waits is from before a loss: it must not be taken for news once the link is live again. */
  let isOld = false;

  const leave = link.join({
    request: () => source.request(newest),
    begun(url) {
      if (newest === null || !source.isResumed) return;
      stopQuiet();
      stopQuiet = clock.after(QUIET_MS, () => live(url));
    },
    next({ data, errors }) {
      const answered = errorsOf(errors);
      if (answered !== null) return refused(answered);
      const payload = source.read(data);
      if (payload === null) return lose('it sent what is no payload');
      newest = payload;
      waiting.push(payload);
      if (isOld || source.replaces(payload) || waiting.length > MAX_WAITING) mergeWaiting();
      isOld = false;
      live(link.endpoint.url);
      feed.notify();
    },
    stopped: (errors) => (errors === null ? lose('it ended the subscription') : refused(errors)),
    lost(error, url) {
      stopQuiet();
      isOld = true;
      mergeWaiting();
      const since = linkState.state === 'lost' ? linkState.since : clock.now();
      if (linkState.state === 'lost' && linkState.error === error.message) return;
      setLink({ state: 'lost', since, error: error.message, url });
    },
    ended(error) {
      stopQuiet();
      feed.finish(error);
    },
  });

  return {
    take,
    stop() {
      stopQuiet();
      leave();
    },
  };

  function take(): V | undefined {
    const payload = waiting.shift() ?? null;
    if (payload === null && linkState === toldLink) return undefined;
    toldLink = linkState;
    if (payload !== null) state = source.apply(state, payload);
    return source.view(state, payload, linkState);
  }

  function mergeWaiting(): void {
    if (waiting.length > 1) waiting = [waiting.reduce(source.merge)];
  }

  function live(url: string): void {
    stopQuiet();
    link.healthy();
    if (linkState.state !== 'live') setLink({ state: 'live', since: clock.now(), error: null, url });
  }

  function setLink(next: LinkState): void {
    linkState = next;
    feed.notify();
  }

  /** What another gateway, or the same one later, may take. Anything else would be refused anew. */
  function refused(errors: readonly AnsweredError[]): void {
    const error = answeredError(errors);
    if (PASSING.some((code) => hasCode(error, code))) lose(error.message);
    else feed.finish(error);
  }

  function lose(why: string): void {
    link.leave(new ClientError('PROTOCOL', `${link.endpoint.url}: ${why}`));
  }
}

const PASSING = ['BEHIND', 'TOO_MANY_REQUESTS', 'INTERNAL_SERVER_ERROR'];

/** How many payloads may wait to be taken: nobody but their reader knows how to fold them. */
const MAX_UNREAD = 1_000;

/** One subscription over one connection. Throws a TypeError for a document that has no text. */
export function subscribe<R, V>(
  link: Link,
  document: TypedDocument<R, V> | string,
  variables: V | undefined,
  signal: AbortSignal | undefined,
): AsyncIterable<R> {
  const request = { query: textOf(document), variables: { ...variables } };
  return createAsyncIterable(signal, open);

  function open(feed: Feed): PullSource<R> {
    const waiting: R[] = [];
    const leave = link.join({
      request: () => request,
      begun: () => {},
      next({ data, errors }) {
        const answered = errorsOf(errors);
        if (answered !== null) return feed.finish(answeredError(answered));
        if (waiting.length >= MAX_UNREAD) return feed.finish(tooSlow());
        // The document's text is what is executed: its type says what that gives.
        waiting.push(data as R);
        feed.notify();
      },
      stopped: (errors) => feed.finish(errors && answeredError(errors)),
      lost: (error) => feed.finish(error),
      ended: (error) => feed.finish(error),
    });
    return {
      take: () => waiting.shift(),
      stop: leave,
    };
  }
}

function tooSlow(): ClientError {
  return new ClientError('TOO_SLOW', `More than ${MAX_UNREAD} payloads waited to be taken.`);
}
