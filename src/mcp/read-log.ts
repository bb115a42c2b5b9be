import { targetKey } from '../client/changes.js';
import type { Client, TargetFields } from '../client/client.js';
import { readExcerpts } from '../client/excerpts.js';
import { LogTailDocument, type LogTailVariables } from '../client/generated.js';
import type { Clock } from '../lib/clock.js';
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
  /** Number of earlier lines that are no longer known. */
  readonly omitted: number;
}

/** Selects a log. */
export interface ReadLogOptions {
  readonly selection: LogTailVariables;
  /** Only lines of this target. */
  readonly target: TargetFields | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Maximum time for the response, in milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Reads the last lines of a log: up to 1,000 of its resource. If the gateway has no log of a failed target,
 * reads its excerpt, which remains after the exit of Tilt. Rejects with a {@link NoAnswerError} if there is
 * neither.
 */
export async function readLog(client: Client, options: ReadLogOptions): Promise<KnownLog> {
  const { selection, target, clock, signal } = options;
  const lines = await readTail(client, selection, signal);
  if (lines !== null) {
    const key = target && targetKey(target);
    const own = key === undefined ? lines : lines.filter((line) => line.target === key);
    return { lines: own, isExcerpt: false, omitted: 0 };
  }
  const { session } = selection;
  const excerpts = target && (await readExcerpts(client, { session, targets: [target], clock, signal }));
  const [excerpt] = excerpts?.values() ?? [];
  if (excerpt === undefined) {
    throw new NoAnswerError(
      'no log is available: the gateway does not read logs (serve --logs), or Tilt has exited; explain_verdict has the last lines of targets that failed',
    );
  }
  const kept = excerpt.lines.map((line) => ({ ...line, time: null, resource: null }));
  return { lines: kept, isExcerpt: true, omitted: excerpt.omitted };
}

/** Reads the newest lines. Null if the log is not available. */
async function readTail(client: Client, selection: LogTailVariables, signal: AbortSignal) {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  for await (const { log } of client.subscribe(LogTailDocument, selection, { signal: ending })) {
    return log.isAvailable ? log.lines : null;
  }
  throw new NoAnswerError(`the gateway did not answer within ${TIMEOUT_MS / 1_000} s`);
}
