import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { type Clock, sleep } from './clock.js';
import { codeOf, isMissing, isSystemError } from './errors.js';
import type { WatchFileEvents } from './file-events.js';
import { createScope } from './scope.js';

/** See {@link pollFiles}. */
export interface PollOptions {
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** How often to check the files, in milliseconds. */
  readonly pollMs: number;
  /** File-system events, which make a change visible at once. Default: only polling. */
  readonly events?: WatchFileEvents;
}

/** Pauses between checks, which a file-system event ends early. */
interface Pause {
  /** Waits `ms` milliseconds, until `wake`, or until the signal aborts. Returns at once when `wake` was called since the last wait. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends the current wait, or else the next one. */
  wake(): void;
}

/**
 * Checks files until the signal aborts: at once, after each file-system event, and every `pollMs`, because network mounts
 * send no events.
 */
export async function pollFiles(
  { paths, clock, pollMs, events: watchEvents }: PollOptions,
  check: (pause: Pause) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const pause = createPause(clock);
  const events = paths.flatMap((path) => watchEvents?.(path, pause.wake) ?? []);
  try {
    while (!signal.aborted) {
      // Before the check: it sees what changed until now, and the events report what changes from now on.
      await Promise.all(events.map((event) => event.refresh()));
      await check(pause);
      await pause.wait(pollMs, signal);
    }
  } finally {
    for (const event of events) event.close();
  }
}

/** Events that come while the files are checked are merged into one. */
function createPause(clock: Clock): Pause {
  let isDue = false;
  let end: (() => void) | null = null;
  return {
    async wait(ms, signal) {
      if (!isDue) {
        const scope = createScope(signal);
        end = scope.end;
        await sleep(clock, ms, scope.signal);
        end = null;
        scope.end();
      }
      isDue = false;
    },
    wake() {
      isDue = true;
      end?.();
    },
  };
}

/** See {@link followFiles}. */
export interface FollowFilesOptions<T> extends PollOptions {
  /** How long a changed file must stay unchanged before it is read, in milliseconds. */
  readonly settleMs: number;
  /** Reads the files; `exists` is false when none of them does. Throws for unusable content. */
  read(exists: boolean): Promise<T>;
  /** Message about content that is unusable, from the error that `read` threw; null for an error that is none of the files'. */
  troubleIn(error: unknown): string | null;
  /** Whether a content is certainly complete, so that it counts without waiting `settleMs`. Default: never. */
  isComplete?(content: T): boolean;
  /** Called with the first content, after each change, and after trouble. */
  onContent(content: T): void;
  /** Called when the files cannot be read. Reading is retried at each check; the same trouble is reported once. */
  onTrouble(message: string): void;
}

/**
 * Follows the content of files, which belong together, until the signal aborts.
 *
 * Tilt writes its kubeconfig in place and in steps (client-go's `ModifyConfig`: one write each for the cluster, the user and
 * the context, and each truncates the file first). So changed content counts when it is complete or has settled.
 */
export async function followFiles<T>(options: FollowFilesOptions<T>, signal: AbortSignal): Promise<void> {
  const { paths, clock, settleMs, read, isComplete, onContent, onTrouble } = options;
  /** Signature of the last content; null at first and after trouble. */
  let seen: string | null = null;
  let reported: string | null = null;
  let isFirst = true;
  await pollFiles(options, check, signal);

  async function check(pause: Pause): Promise<void> {
    const news = await readNews(pause).catch(report);
    isFirst = false;
    if (!news || signal.aborted) return;
    seen = news.signature;
    reported = null;
    onContent(news.content);
  }

  /** New content that is complete or has settled; null when there is none. */
  async function readNews(pause: Pause): Promise<News<T> | null> {
    let last: string | null = null;
    let changedAt = clock.monotonic();
    while (!signal.aborted) {
      const signature = (await Promise.all(paths.map(fileSignature))).join('\n');
      if (signature === seen) return null;
      if (signature !== last) changedAt = clock.monotonic();
      last = signature;
      const leftMs = isFirst ? 0 : changedAt + settleMs - clock.monotonic();
      if (leftMs <= 0) return { signature, content: await read(existsIn(signature)) };
      const news = await readComplete(signature);
      if (news) return news;
      await pause.wait(leftMs, signal);
    }
    return null;
  }

  /** The content, if it is complete although it has not settled. */
  async function readComplete(signature: string): Promise<News<T> | null> {
    if (!isComplete) return null;
    try {
      const content = await read(existsIn(signature));
      // What is written after the signature was taken changes it, and is found by the next check.
      return isComplete(content) ? { signature, content } : null;
    } catch (error) {
      if (messageIn(error) !== null) return null;
      throw error;
    }
  }

  function report(error: unknown): null {
    const message = messageIn(error);
    if (message === null) throw error;
    seen = null;
    if (message !== reported && !signal.aborted) onTrouble(message);
    reported = message;
    return null;
  }

  function messageIn(error: unknown): string | null {
    const trouble = options.troubleIn(error);
    if (trouble !== null || !isSystemError(error)) return trouble;
    return `${error.path ?? paths.join(delimiter)}: cannot be read: ${codeOf(error)}`;
  }
}

interface News<T> {
  readonly signature: string;
  readonly content: T;
}

const MISSING = 'missing';

/** Identity, size and times of a file, which change when it is written, replaced, created or deleted. Rejects when it is out of reach. */
async function fileSignature(path: string): Promise<string> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch (error) {
    if (isMissing(error)) return MISSING;
    throw error;
  }
}

/** The signature of a file by its `stat`: it shows a save in place, a rename over the file and a change on a network mount alike. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
}

function existsIn(signature: string): boolean {
  return signature.split('\n').some((line) => line !== MISSING);
}
