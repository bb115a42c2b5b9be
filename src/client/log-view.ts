import { plainText } from '../model/plain-text.js';
import { type LogLevel, type LogLineFields, type WatchLog, WatchLogDocument } from './generated.js';
import type { LinkState } from './link.js';
import { readLogLines } from './payloads.js';
import type { SessionSelection } from './views.js';
import type { ViewSource } from './watch.js';

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
  /**
   * Whether `lines` do not continue the earlier ones: they are the last ones of another log, or more lines
   * were missed during a reconnect than the gateway sends again.
   */
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

/** Characters that fit into the 256 KiB that a gateway sends, with a longest line of 4 KiB and any text. */
const MAX_CHARACTERS = ((256 - 4) * 1_024) / 3;

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
  /** Whether the last lines of the log were received, if it had any. All later ones are new. */
  let hasTail = false;

  return {
    empty: { session: null, isAvailable: null },
    canResume: false,
    impliedSession: (payload) => (session === undefined ? (payload.session ?? undefined) : undefined),
    request(newest, implied) {
      if (newest === null) startOver();
      return {
        query: WatchLogDocument.toString(),
        variables: {
          session: session ?? implied,
          resource,
          level,
          // Without a line it is not known, after a reconnect, which ones are new.
          last: hasTail ? MAX_LINES : Math.max(last, 1),
        },
      };
    },
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

  function startOver(): void {
    known = [];
    isFirst = true;
    hasTail = false;
  }

  function receive(payload: WatchLog['log']): LogPayload {
    const all = payload.lines.map((line) => ({ ...line, text: plainText(line.styledText) }));
    const received = payload.reset ? countReceived(known, all) : 0;
    // An unavailable log has no lines.
    const reset = payload.reset && (isFirst || (payload.isAvailable && received === 0 && !isWhole(all)));
    const lines = all.slice(received);
    known = [...(reset ? [] : known), ...lines].slice(-MAX_LINES);
    const isHidden = last === 0 && !hasTail;
    isFirst = false;
    hasTail ||= payload.isAvailable;
    return { ...payload, reset, lines: isHidden ? [] : lines };
  }

  /** Whether a tail is all of a log that had no lines before. */
  function isWhole(tail: readonly LogLine[]): boolean {
    const characters = tail.reduce((sum, { styledText }) => sum + styledText.length, 0);
    return hasTail && known.length === 0 && tail.length < MAX_LINES && characters < MAX_CHARACTERS;
  }
}

/** Number of lines at the start of a tail that are known. Zero: it is another log, or too much was missed. */
function countReceived(known: readonly LogLine[], tail: readonly LogLine[]): number {
  const knownKeys = known.map(toKey);
  const keys = tail.map(toKey);
  for (let count = keys.length; count > 0; count -= 1) {
    const compared = Math.min(count, knownKeys.length);
    const isReceived = (key: string, index: number) => key === keys[count - compared + index];
    if (compared > 0 && knownKeys.slice(-compared).every(isReceived)) return count;
  }
  // Another gateway may have divided an unfinished line differently.
  const set = new Set(knownKeys);
  return keys.findLastIndex((key) => set.has(key)) + 1;
}

function toKey({ time, resource, target, styledText }: LogLine): string {
  return JSON.stringify([time, resource, target, styledText]);
}
