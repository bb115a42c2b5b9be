import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { type Clock, createAbortScope, sleep } from './clock.js';
import { codeOf, isMissing, isSystemError } from './errors.js';
import type { WatchFileEvents } from './file-events.js';

/** Options of {@link pollFiles}. */
export interface PollOptions {
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Interval between checks, in milliseconds. */
  readonly pollMs: number;
  /** File-system events, which trigger a check at once. Default: polling only. */
  readonly events?: WatchFileEvents;
}

/** An interruptible pause between checks. */
interface Pause {
  /** Waits `ms` milliseconds, until `interrupt`, or until the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends the current wait, or else the next one. */
  interrupt(): void;
}

/**
 * Checks files until the signal aborts: immediately, after each file-system event, and every `pollMs`,
 * because network mounts send no events.
 */
export async function pollFiles(
  { paths, clock, pollMs, events: watchEvents }: PollOptions,
  check: (pause: Pause) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const pause = createPause(clock);
  const events = paths.flatMap((path) => watchEvents?.(path, pause.interrupt) ?? []);
  try {
    while (!signal.aborted) {
      // Refreshed before the check, which covers all changes so far; events report the later ones.
      await Promise.all(events.map((event) => event.refresh()));
      await check(pause);
      await pause.wait(pollMs, signal);
    }
  } finally {
    for (const event of events) event.close();
  }
}

/** Creates a pause. Interruptions during a check are merged into one. */
function createPause(clock: Clock): Pause {
  let isInterrupted = false;
  let end: (() => void) | null = null;
  return {
    async wait(ms, signal) {
      if (!isInterrupted) {
        const scope = createAbortScope(signal);
        end = scope.end;
        await sleep(clock, ms, scope.signal);
        end = null;
        scope.end();
      }
      isInterrupted = false;
    },
    interrupt() {
      isInterrupted = true;
      end?.();
    },
  };
}

/** Options of {@link followFiles}. */
export interface FollowFilesOptions<T> extends PollOptions {
  /** How long a changed file must stay unchanged before it is read, in milliseconds. */
  readonly settleMs: number;
  /** Reads the files; `exists` is false when all of them are missing. Throws when the content is unusable. */
  read(exists: boolean): Promise<T>;
  /** Message for an error of `read` that the files cause; null for any other error, which is thrown. */
  describeError(error: unknown): string | null;
  /** Whether a content is certainly complete and need not settle. Default: never. */
  isComplete?(content: T): boolean;
  /** Called with the first content, after each change, and after an error was resolved. */
  onContent(content: T): void;
  /** Called when the files cannot be read. Each check tries again; the same error is reported once. */
  onError(message: string): void;
}

/**
 * Follows the content of files that belong together, until the signal aborts.
 *
 * Changed content is used when it is complete or has settled, because Tilt writes its kubeconfig in place and
 * in steps: client-go's `ModifyConfig` truncates and writes the file once each for the cluster, the user and
 * the context.
 */
export async function followFiles<T>(options: FollowFilesOptions<T>, signal: AbortSignal): Promise<void> {
  const { paths, clock, settleMs, read, isComplete, onContent, onError } = options;
  /** Signature of the last content; null before the first one and after an error. */
  let lastSignature: string | null = null;
  let reportedError: string | null = null;
  let isFirst = true;
  await pollFiles(options, check, signal);

  async function check(pause: Pause): Promise<void> {
    const reading = await readChange(pause).catch(report);
    isFirst = false;
    if (!reading || signal.aborted) return;
    lastSignature = reading.signature;
    reportedError = null;
    onContent(reading.content);
  }

  /** Reads changed content once it is complete or has settled; null when nothing changed. */
  async function readChange(pause: Pause): Promise<Reading<T> | null> {
    let last: string | null = null;
    let changedAt = clock.monotonic();
    while (!signal.aborted) {
      const signature = (await Promise.all(paths.map(readSignature))).join('\n');
      if (signature === lastSignature) return null;
      if (signature !== last) changedAt = clock.monotonic();
      last = signature;
      const remainingMs = isFirst ? 0 : changedAt + settleMs - clock.monotonic();
      if (remainingMs <= 0) return { signature, content: await read(existsIn(signature)) };
      const reading = await readComplete(signature);
      if (reading) return reading;
      await pause.wait(remainingMs, signal);
    }
    return null;
  }

  /** Reads content that has not settled; null unless it is complete. */
  async function readComplete(signature: string): Promise<Reading<T> | null> {
    if (!isComplete) return null;
    try {
      const content = await read(existsIn(signature));
      // A write after the signature was taken changes the signature, so that the next check reads again.
      return isComplete(content) ? { signature, content } : null;
    } catch (error) {
      if (describe(error) !== null) return null;
      throw error;
    }
  }

  function report(error: unknown): null {
    const message = describe(error);
    if (message === null) throw error;
    lastSignature = null;
    if (message !== reportedError && !signal.aborted) onError(message);
    reportedError = message;
    return null;
  }

  function describe(error: unknown): string | null {
    const message = options.describeError(error);
    if (message !== null || !isSystemError(error)) return message;
    return `${error.path ?? paths.join(delimiter)}: cannot be read: ${codeOf(error)}`;
  }
}

interface Reading<T> {
  readonly signature: string;
  readonly content: T;
}

const MISSING = 'missing';

async function readSignature(path: string): Promise<string> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (isMissing(error)) return MISSING;
    throw error;
  }
}

/**
 * Signature of a file: device, inode, size and times. It changes with a save in place, with a rename over the
 * file, and with a change on a network mount.
 */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function existsIn(signature: string): boolean {
  return signature.split('\n').some((line) => line !== MISSING);
}
