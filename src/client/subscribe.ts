import { answeredError, ClientError, errorsOf } from './client-error.js';
import { type Feed, iterable, type Source } from './iteration.js';
import type { Link } from './link.js';
import { type TypedDocument, textOf } from './typed-document.js';

/** How many payloads may wait to be taken: nobody but their reader knows how to fold them. */
const MOST_WAITING = 1_000;

/** One subscription over one connection. Throws a TypeError for a document that has no text. */
export function subscribe<R, V>(
  link: Link,
  document: TypedDocument<R, V> | string,
  variables: V | undefined,
  signal: AbortSignal | undefined,
): AsyncIterable<R> {
  const request = { query: textOf(document), variables: { ...variables } };
  return iterable(signal, open);

  function open(feed: Feed): Source<R> {
    const waiting: R[] = [];
    const leave = link.join({
      request: () => request,
      begun: () => {},
      next({ data, errors }) {
        const answered = errorsOf(errors);
        if (answered !== null) return feed.finish(answeredError(answered));
        if (waiting.length >= MOST_WAITING) return feed.finish(tooSlow());
        // The document's text is what is executed: its type says what that gives.
        waiting.push(data as R);
        feed.wake();
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
  return new ClientError('TOO_SLOW', `More than ${MOST_WAITING} payloads waited to be taken.`);
}
