import { type Clock, createAbortScope, sleep } from '../../lib/clock.js';
import type { ObjectList, WatchEvent } from '../kubernetes/list-watch.js';
import type { KindState } from '../kubernetes/watch-state.js';
import type { KindApi } from './kind-api.js';
import type { TiltLimits } from './limits.js';

/** How a watch ended. */
export interface WatchEnd {
  /**
   * - `ended`: by the server, or disconnected.
   * - `expired`: the version is no longer known (410).
   * - `failed`: by an ERROR event.
   * - `dead`: it was silent while the list changed.
   */
  readonly why: 'ended' | 'expired' | 'failed' | 'dead';
  /** Description on one line. */
  readonly message: string;
  /** Whether it delivered any change after the list before it. */
  readonly hadChanges: boolean;
  readonly durationMs: number;
  /** The list that showed that the watch was dead. */
  readonly list: ObjectList | null;
}

/** Dependencies of {@link followWatch}. `O` is a decoded object, `C` a change of the kind's state. */
export interface FollowOptions<O, C> {
  readonly api: KindApi;
  readonly state: KindState<O, C>;
  /** Creates the reader of the lines of one watch. */
  createReader(): (line: Buffer) => WatchEvent<O>;
  readonly clock: Clock;
  readonly limits: TiltLimits;
  readonly push: (change: C) => void;
}

/**
 * Opens one watch at the position of the list and reads it to its end, at full speed. After `idleMs` without
 * a complete line, a list shows whether the watch is quiet or dead: a half-open connection looks the same,
 * and so does one that delivers single bytes. While something is stale, the objects are listed at that
 * interval even if the watch delivers lines. Throws a ProviderError when the watch, or that list, is rejected
 * or cannot be reached.
 */
export async function followWatch<O, C>(
  options: FollowOptions<O, C>,
  signal: AbortSignal,
): Promise<WatchEnd> {
  const { api, state, clock, limits, push } = options;
  const scope = createAbortScope(signal);
  const openedAt = clock.monotonic();
  let lastLineAt = openedAt;
  let linesRead = 0;
  let hadChanges = false;
  let why: WatchEnd['why'] = 'ended';
  let message = 'it ended or was disconnected';
  const read = options.createReader();
  const lines = createLineReader(limits.maxBytes, { line: readLine, overlong });

  try {
    const list = await Promise.race([readToEnd(), checkWhenIdle()]);
    return { why, message, hadChanges, durationMs: clock.monotonic() - openedAt, list };
  } finally {
    scope.end();
  }

  async function readToEnd(): Promise<null> {
    const outcome = await api.watch(state.resourceVersion, (chunk) => lines.push(chunk), scope.signal);
    if (outcome === 'expired') end('expired', 'its resourceVersion is too old');
    return null;
  }

  function readLine(line: Buffer): void {
    lastLineAt = clock.monotonic();
    linesRead += 1;
    if (scope.signal.aborted) return;
    const event = read(line);
    if (event.type === 'error') end(event.expired ? 'expired' : 'failed', event.message);
    const changes = state.event(event);
    changes.forEach(push);
    hadChanges ||= event.type !== 'unreadable' && changes.length > 0;
  }

  function overlong(): void {
    const error = `a line of the watch: expected at most ${limits.maxBytes} bytes, got more; it was skipped`;
    state.event({ type: 'unreadable', error }).forEach(push);
  }

  function end(reason: WatchEnd['why'], text: string): void {
    why = reason;
    message = text;
    scope.end();
  }

  /** Resolves with the list that shows that the watch is dead; with null when it ended otherwise. */
  async function checkWhenIdle(): Promise<ObjectList | null> {
    let quietSince = openedAt;
    while (!scope.signal.aborted) {
      quietSince = Math.max(quietSince, lastLineAt);
      const remainingMs = quietSince + limits.idleMs - clock.monotonic();
      await sleep(clock, remainingMs, scope.signal);
      const hasNewLines = lastLineAt > quietSince;
      if (scope.signal.aborted || (hasNewLines && !state.isDegraded)) continue;
      const list = await listWhileQuiet();
      quietSince = clock.monotonic();
      if (list === null) continue;
      if (!hasNewLines && state.isBehind(list)) {
        end('dead', 'it was silent while the list changed');
        return list;
      }
      if (state.clearsStale(list)) state.list(list).forEach(push);
    }
    return null;
  }

  /** Returns null when the watch delivers a line meanwhile: the list may be older than the line. */
  async function listWhileQuiet(): Promise<ObjectList | null> {
    const linesBefore = linesRead;
    try {
      const list = await api.probe(scope.signal);
      return linesRead === linesBefore ? list : null;
    } catch (error) {
      if (linesRead === linesBefore) throw error;
      return null;
    }
  }
}

/** Splits a stream of bytes into lines. */
export interface LineReader {
  /** Takes the next chunk and calls the handler of each line that it completes. */
  push(chunk: Uint8Array): void;
}

/** Handlers of a {@link LineReader}, called in the order of the lines. */
export interface LineHandlers {
  /** A line without its line feed, in memory of its own. Blank lines are left out. */
  line(bytes: Buffer): void;
  /** A line exceeds the limit and is skipped to its end. Called once for it. */
  overlong(): void;
}

/**
 * Creates a reader of lines that arrive in any chunks. Lines are handed out complete, so
 * that a multi-byte character that was split over two chunks is intact (no byte of such a character is a line
 * feed). An incomplete last line is never handed out: the stream broke inside it.
 *
 * @param maxBytes longest line that is kept in memory
 */
export function createLineReader(maxBytes: number, handlers: LineHandlers): LineReader {
  let parts: Uint8Array[] = [];
  let length = 0;
  let isSkipping = false;

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
        keep(chunk.subarray(start, end));
        finish();
        start = end + 1;
      }
      keep(chunk.subarray(start));
    },
  };

  function keep(part: Uint8Array): void {
    if (isSkipping || part.length === 0) return;
    length += part.length;
    parts.push(part);
    if (length <= maxBytes) return;
    isSkipping = true;
    parts = [];
    handlers.overlong();
  }

  function finish(): void {
    const line = Buffer.concat(parts);
    parts = [];
    length = 0;
    isSkipping = false;
    if (!line.every(isSpace)) handlers.line(line);
  }
}

const LINE_FEED = 0x0a;
const [SPACE, TAB, RETURN] = [0x20, 0x09, 0x0d];

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === RETURN;
}
