import type { Clock } from '../lib/clock.js';
import { type AnsweredError, answeredError, ClientError, errorsOf, hasCode } from './client-error.js';
import type { Request } from './connection.js';
import { type Feed, iterable, type Source } from './iteration.js';
import type { Link } from './link.js';
import type { LinkState } from './views.js';

/** How the payloads of a subscription become views. */
export interface Watched<P, S, V> {
  /** What is known before the first payload. */
  readonly empty: S;
  /** @param newest the last payload that came: where to go on */
  request(newest: P | null): Request;
  /** Whether it is told what it missed; else it is told everything at each connection. */
  readonly isResumed: boolean;
  /** The payload of an answer; null when it is none. */
  read(data: unknown): P | null;
  /** Whether those before it need not be taken any more. */
  replaces(payload: P): boolean;
  /** One payload that comes to the same as two in a row. */
  merge(earlier: P, later: P): P;
  apply(state: S, payload: P): S;
  /** @param payload the one that was applied last; null when only the link changed */
  view(state: S, payload: P | null, link: LinkState): V;
}

/**
 * How many payloads may wait to be taken. With one more all are merged into one (S5), and so they are by one that replaces what
 * came before, and by the first one after a loss.
 */
const MOST_WAITING = 64;

/**
 * How long a gateway may be silent after a watch was resumed until it counts as live, in milliseconds: one that has nothing
 * to tell says nothing, and one that has not read as far waits up to 3 s before it says so (`BEHIND`).
 */
const QUIET_MS = 3_500;

/** Follows a subscription over lost connections, from gateway to gateway. */
export function watch<P, S, V>(
  link: Link,
  clock: Clock,
  watched: Watched<P, S, V>,
  signal: AbortSignal | undefined,
): AsyncIterable<V> {
  return iterable(signal, (feed) => openWatch(link, clock, watched, feed));
}

function openWatch<P, S, V>(link: Link, clock: Clock, watched: Watched<P, S, V>, feed: Feed): Source<V> {
  let state = watched.empty;
  let waiting: P[] = [];
  let newest: P | null = null;
  let linkState: LinkState = { state: 'connecting', since: clock.now(), error: null, url: null };
  let toldLink = linkState;
  let stopQuiet = () => {};
  /** Whether what waits is from before a loss: it must not be taken for news once the link is live again. */
  let isOld = false;

  const leave = link.join({
    request: () => watched.request(newest),
    begun(url) {
      if (newest === null || !watched.isResumed) return;
      stopQuiet();
      stopQuiet = clock.after(QUIET_MS, () => live(url));
    },
    next({ data, errors }) {
      const answered = errorsOf(errors);
      if (answered !== null) return refused(answered);
      const payload = watched.read(data);
      if (payload === null) return lose('it sent what is no payload');
      newest = payload;
      waiting.push(payload);
      if (isOld || watched.replaces(payload) || waiting.length > MOST_WAITING) mergeWaiting();
      isOld = false;
      live(link.endpoint.url);
      feed.wake();
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
    if (payload !== null) state = watched.apply(state, payload);
    return watched.view(state, payload, linkState);
  }

  function mergeWaiting(): void {
    if (waiting.length > 1) waiting = [waiting.reduce(watched.merge)];
  }

  function live(url: string): void {
    stopQuiet();
    link.healthy();
    if (linkState.state !== 'live') setLink({ state: 'live', since: clock.now(), error: null, url });
  }

  function setLink(next: LinkState): void {
    linkState = next;
    feed.wake();
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
