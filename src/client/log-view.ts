import { plainText } from '../model/plain-text.js';
import { type LogLevel, type LogLineFields, type WatchLog, WatchLogDocument } from './generated.js';
import { readLogLines } from './payloads.js';
import type { SessionSelection } from './views.js';
import type { LinkState, ViewSource } from './watch.js';

/** Selects lines of the log of one Session. */
export interface LogSelection extends SessionSelection {
  /** Tiltfile resource; `(Tiltfile)` is Tilt itself. Default: all. */
  readonly resource?: string | undefined;
  /** Lowest level: `WARN` selects warnings and errors. Default: all. */
  readonly level?: LogLevel | undefined;
  /** Number of earlier lines to read first, up to 1,000. Default: 20. */
  readonly last?: number | undefined;
}

/** A line of a log. */
export interface LogLine extends LogLineFields {
  /** `styledText` without colors and styles. */
  readonly text: string;
}

/** New lines of the log of one Session. */
export interface LogView {
  /** Id of the Session. Null before the first payload, and while the Session does not exist. */
  readonly session: string | null;
  /** Whether the gateway has the log. Null before the first payload. */
  readonly isAvailable: boolean | null;
  /** Whether earlier lines are obsolete: `lines` are the last ones of another log. */
  readonly reset: boolean;
  /** Lines since the previous view, oldest first. Empty when only the link or the availability changed. */
  readonly lines: readonly LogLine[];
  /** Known number of lines before `lines` that were not received. */
  readonly dropped: number;
  readonly link: LinkState;
}

type LogPayload = Omit<WatchLog['log'], 'lines'> & { readonly lines: readonly LogLine[] };

/** Number of lines to read after a reconnect, and of known ones to compare them with. */
const MAX_LINES = 1_000;

/** Unread lines that are kept; the oldest are dropped. */
const MAX_UNREAD = 10_000;

/**
 * Views of a log, for one watch. After a reconnect the gateway sends the last lines again: those that were
 * received already are left out.
 */
export function createLogSource({
  session,
  resource,
  level,
  last = 20,
}: LogSelection): ViewSource<LogPayload, Pick<LogView, 'session' | 'isAvailable'>, LogView> {
  /** The newest lines that were received. */
  let known: readonly LogLine[] = [];
  let isFirst = true;

  return {
    empty: { session: null, isAvailable: null },
    canResume: false,
    request: (newest) => ({
      query: WatchLogDocument.toString(),
      variables: {
        session: session ?? newest?.session,
        resource,
        level,
        last: known.length === 0 ? last : MAX_LINES,
      },
    }),
    read(data) {
      const payload = readLogLines(data);
      return payload && receive(payload);
    },
    replaces: () => false,
    merge(earlier, later) {
      if (later.reset) return later;
      const lines = [...earlier.lines, ...later.lines];
      const kept = lines.slice(-MAX_UNREAD);
      const dropped = earlier.dropped + later.dropped + lines.length - kept.length;
      return { ...later, reset: earlier.reset, lines: kept, dropped };
    },
    apply: (_, { session: id, isAvailable }) => ({ session: id, isAvailable }),
    view: (state, payload, link) => ({
      ...state,
      reset: payload?.reset ?? false,
      lines: payload?.lines ?? [],
      dropped: payload?.dropped ?? 0,
      link,
    }),
  };

  function receive(payload: WatchLog['log']): LogPayload {
    const all = payload.lines.map((line) => ({ ...line, text: plainText(line.styledText) }));
    const received = payload.reset ? countReceived(all) : 0;
    // Without a common line it is another log, or too much was missed. An unavailable log has no lines.
    const reset = payload.reset && (isFirst || (payload.isAvailable && received === 0));
    const lines = all.slice(received);
    known = [...(reset ? [] : known), ...lines].slice(-MAX_LINES);
    isFirst = false;
    return { ...payload, reset, lines };
  }

  /** Number of lines at the start of a tail that were received before. */
  function countReceived(tail: readonly LogLine[]): number {
    for (let count = tail.length; count > 0; count -= 1) {
      const compared = Math.min(count, known.length);
      const isReceived = (_: LogLine, index: number) => {
        const [a, b] = [tail[count - compared + index], known[known.length - compared + index]];
        return a?.styledText === b?.styledText && a?.time === b?.time && a?.resource === b?.resource;
      };
      if (compared > 0 && known.slice(-compared).every(isReceived)) return count;
    }
    return 0;
  }
}
