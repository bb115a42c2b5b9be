import { targetKey } from '../client/changes.js';
import type { Client, LogLevel, LogLine, LogOptions, TargetFields } from '../client/client.js';
import { type Excerpt, readExcerpts } from '../client/excerpts.js';
import { findMissingLog, type MissingLog } from '../client/missing-log.js';
import type { Clock } from '../lib/clock.js';
import { MAX_LINE, truncate } from './bounds.js';
import { NoAnswerError } from './current-view.js';

/** Line of a log. */
export interface KnownLine {
  readonly level: string;
  readonly text: string;
  /** Null in an excerpt. */
  readonly time: string | null;
  readonly resource: string | null;
}

/** The end of a log, oldest line first. */
export interface KnownLog {
  readonly lines: readonly KnownLine[];
  /** Whether these are only the last lines of a failed target. */
  readonly isExcerpt: boolean;
  /** Number of earlier lines that are no longer known. Null: there may be some, the response was full. */
  readonly omitted: number | null;
}

/** Selects a log. */
export interface ReadLogOptions extends Pick<LogOptions, 'resource' | 'level'> {
  /** Id of the Session. */
  readonly session: string;
  /** Only lines of this target. */
  readonly target: TargetFields | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Maximum time for the response, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Reads the last lines of a log: up to 1,000 of its resource. If the gateway has no log of a failed target,
 * reads its excerpt, which a bucket has too. Rejects with a {@link NoAnswerError} if there is
 * neither.
 */
export async function readLog(client: Client, options: ReadLogOptions): Promise<KnownLog> {
  const { session, target, clock, signal } = options;
  const lines = await readTail(client, options);
  if (lines !== null) {
    const key = target && targetKey(target);
    const own = key === undefined ? lines : lines.filter((line) => line.target === key);
    return { lines: own, isExcerpt: false, omitted: isFull(lines) ? null : 0 };
  }
  const excerpts = target && (await readExcerpts(client, { session, targets: [target], clock, signal }));
  const [excerpt] = excerpts?.values() ?? [];
  if (excerpt === undefined) {
    const reason = describeMissingLog(await findMissingLog(client, session, signal));
    throw new NoAnswerError(
      `no log is available: ${reason}; explain_verdict has the last lines of targets that failed, if they are known`,
    );
  }
  const selected = excerpt.lines.filter((line) => isAtLeast(line.level, options.level));
  const kept = selected.map((line) => ({ ...line, time: null, resource: null }));
  return { lines: kept, isExcerpt: true, omitted: excerpt.omitted };
}

function describeMissingLog(missing: MissingLog): string {
  switch (missing.is) {
    case 'elsewhere':
      return 'only the gateway next to the Tilt of this Session can read it (serve --logs)';
    case 'off':
      return 'the gateway does not read the log of this Session (serve --logs)';
    case 'unreadable':
      return truncate(missing.reason, MAX_LINE);
  }
}

/** Levels, the lowest first, as Tilt orders them. */
const LEVELS: readonly LogLevel[] = ['NONE', 'DEBUG', 'VERBOSE', 'INFO', 'WARN', 'ERROR'];

/** Whether a line has a level. Lines with a level of a newer Tilt are never hidden. */
function isAtLeast(level: LogLevel, lowest: LogLevel | undefined): boolean {
  if (lowest === undefined || !LEVELS.includes(level)) return true;
  return LEVELS.indexOf(level) >= LEVELS.indexOf(lowest);
}

/** Number of lines that a gateway sends, and keeps of a resource. */
const MAX_LINES = 1_000;

/** Bytes of text that a gateway sends at most, less its longest line. */
const MAX_BYTES = (256 - 4) * 1_024;

/** Whether a gateway may have left out earlier lines, because a response has no room for more. */
function isFull(lines: readonly LogLine[]): boolean {
  const bytes = lines.reduce((sum, { styledText }) => sum + Buffer.byteLength(styledText), 0);
  return lines.length >= MAX_LINES || bytes > MAX_BYTES;
}

/** Reads the newest lines. Null if the log is not available. */
async function readTail(
  client: Client,
  { session, resource, level, signal }: ReadLogOptions,
): Promise<readonly LogLine[] | null> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const views = client.log({ session, resource, level, last: MAX_LINES, signal: ending });
  for await (const { isAvailable, lines, link } of views) {
    if (link.isDown) throw new NoAnswerError(`the gateway cannot be reached: ${link.error}`);
    if (isAvailable !== null) return isAvailable ? lines : null;
  }
  throw new NoAnswerError(`the gateway did not answer within ${TIMEOUT_MS / 1_000} s`);
}

/** Maximum length of a line of a log in characters. */
export const MAX_LOG_LINE = 300;

/** Size of the end of a log. */
export interface LogRoom {
  readonly lines: number;
  readonly characters: number;
}

/** The last lines of a log, oldest first, and the number of earlier ones. */
export interface LastLines {
  readonly lines: string[];
  readonly omitted: number;
}

/** Takes the last lines of an excerpt that fit. */
export function toLastLines({ lines: all, omitted }: Excerpt, room: LogRoom): LastLines {
  const lines: string[] = [];
  let characters = 0;
  for (const { text } of all.slice(-room.lines).reverse()) {
    const line = truncate(text, MAX_LOG_LINE).trimEnd();
    if (line === '' && lines.length === 0) continue;
    characters += line.length;
    if (characters > room.characters && lines.length > 0) break;
    lines.unshift(line);
  }
  return { lines, omitted: omitted + all.length - lines.length };
}
