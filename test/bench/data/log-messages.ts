/** Rate at which lines are written. */
export interface LogRate {
  readonly linesPerSecond: number;
  /** Bytes of a line, with its line break. */
  readonly lineBytes: number;
}

/** A message of Tilt's web server. */
export interface LogMessage {
  readonly text: string;
  /** Bytes of log text that were written in the interval, and that are in the message. */
  readonly written: number;
  readonly sent: number;
}

/** Number of resources that write in turn. */
const RESOURCES = 20;

/** Tilt keeps at most this much of its log, in bytes, and drops the oldest of it (`pkg/model/logstore`). */
const MAX_LOG_BYTES = 2_000_000;

/** Creates messages with the newest lines of an interval. They differ only in their checkpoints. */
export function createLogMessages({ linesPerSecond, lineBytes }: LogRate, intervalMs: number) {
  const written = Math.round((linesPerSecond * intervalMs) / 1_000);
  const lines = Math.min(written, Math.floor(MAX_LOG_BYTES / lineBytes));
  const ids = Array.from({ length: RESOURCES }, (_, index) => `job-${index}`);
  const spans = Object.fromEntries(ids.map((id) => [`cmd:${id}:update`, { manifestName: id }]));
  const segments = Array.from({ length: lines }, (_, index) => ({
    spanId: `cmd:job-${index % RESOURCES}:update`,
    time: '2026-11-26T01:40:48.430122Z',
    text: `${`${index} compiling src/module-${index % 97}.ts `.padEnd(lineBytes - 1, '.')}\n`,
    level: 'INFO',
  }));
  const list = JSON.stringify({ spans, segments });
  let checkpoint = 0;
  return {
    next(): LogMessage {
      checkpoint += written;
      const from = checkpoint - lines;
      const text = `{"logList":${list.slice(0, -1)},"fromCheckpoint":${from},"toCheckpoint":${checkpoint}}}`;
      return { text, written: written * lineBytes, sent: lines * lineBytes };
    },
  };
}
