import type { Clock } from '../lib/clock.js';
import type { Log } from '../lib/log.js';
import { createLog } from './logger.js';
import { isReaderGone } from './output.js';
import type { LogFlags } from './shared-options.js';

/** The part of standard error that a log needs. */
export interface LogStream {
  /** Bytes that wait to be written. */
  readonly writableLength: number;
  write(line: string, onWritten: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** How much of a log waits for a slow reader at most, in bytes; lines beyond that are dropped, and counted. */
const MAX_UNREAD = 1_048_576;

/**
 * Creates a log on standard error that never stops the process: nothing is written once its reader has left, lines that a
 * full disk or a stopped reader does not take are dropped. When there is room again, a line gives their number.
 */
export function createStderrLog(flags: LogFlags, stream: LogStream, clock: Pick<Clock, 'now'>): Log {
  let isGone = false;
  let dropped = 0;
  stream.on('error', (error) => {
    isGone ||= isReaderGone(error);
  });
  const options = { ...flags, clock };
  return createLog({ ...options, write });

  function write(line: string): void {
    if (isGone) return;
    if (stream.writableLength > MAX_UNREAD) {
      dropped += 1;
      return;
    }
    if (dropped > 0) reportDropped();
    put(line, 1);
  }

  function reportDropped(): void {
    const lines = dropped;
    dropped = 0;
    const notice = createLog({ ...options, write: (line) => put(line, lines) });
    notice('warn', 'Log lines were dropped: standard error could not take them', { lines });
  }

  /** @param lines how many lines are lost when this one is */
  function put(line: string, lines: number): void {
    stream.write(line, (error) => {
      if (error) dropped += lines;
    });
  }
}
