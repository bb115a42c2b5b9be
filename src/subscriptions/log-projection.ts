import type { LogLines } from '../graphql/context.js';
import { MAX_LOG_LINES } from '../graphql/log-lines.js';
import { NO_SIZES } from '../graphql/sizes.js';
import type { LogLine, LogSelection } from '../model/log.js';
import type { LogFeed } from './log-feed.js';
import type { MergedUpdate, Position, Projection, SourceEvent } from './projection.js';

/** Root value of `log`. */
interface LogEvent extends SourceEvent {
  readonly log: LogLines;
}

/** Arguments of `log`. */
export interface LogOptions {
  readonly selection: LogSelection;
  /** Number of earlier lines that are sent first. */
  readonly last: number;
}

/** Maximum text of a payload, in bytes of UTF-8: the lines that are kept of one resource. */
const MAX_PAYLOAD_BYTES = 256 * 1024;

/** Largest `Int` of GraphQL. */
const MAX_INT = 2 ** 31 - 1;

/** Projection of the subscription `log`: the tail, and then new lines. */
export function projectLog(feed: LogFeed, { selection, last }: LogOptions): Projection<LogEvent> {
  return {
    sessionId: undefined,
    showsSet: false,
    matches: () => true,
    snapshot: (position) => createTail(position, feed.revision),
    changes([update], position) {
      // The present log begins later: its tail follows.
      if (!update || update.number < feed.startedAt) return null;
      const { since = 0, number } = update;
      return since < feed.startedAt ? createTail(position, number) : createBatch(position, since, number);
    },
  };

  function createTail(position: Position, number: number): LogEvent {
    const { lines } = limitBytes(feed.tail(selection, last, number));
    return createEvent(position, { reset: true, lines, dropped: 0 });
  }

  function createBatch(position: Position, since: number, number: MergedUpdate['number']): LogEvent | null {
    const between = feed.between(since, number, selection, MAX_LOG_LINES);
    const { lines, cut } = limitBytes(between.lines);
    const dropped = Math.min(between.dropped + cut, MAX_INT);
    if (lines.length === 0 && dropped === 0) return null;
    return createEvent(position, { reset: false, lines, dropped });
  }

  function createEvent(
    { cursor, cacheKey, reset }: Position,
    fields: Pick<LogLines, 'reset' | 'lines' | 'dropped'>,
  ): LogEvent {
    const { session, isAvailable } = feed;
    return {
      cursor,
      onlyIfDifferent: false,
      cacheKey,
      isSnapshot: reset,
      items: 1 + fields.lines.length,
      sizes: () => ({ ...NO_SIZES, logLines: fields.lines.length }),
      log: { session, isAvailable, ...fields },
    };
  }
}

/** Returns the newest lines within the limit of a payload, and the number of the others. */
function limitBytes(lines: readonly LogLine[]): { lines: readonly LogLine[]; cut: number } {
  let bytes = 0;
  const index = lines.findLastIndex(({ styledText }) => {
    bytes += Buffer.byteLength(styledText);
    return bytes > MAX_PAYLOAD_BYTES;
  });
  return { lines: index === -1 ? lines : lines.slice(index + 1), cut: index + 1 };
}
