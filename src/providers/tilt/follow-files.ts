import { stat } from 'node:fs/promises';
import { delimiter } from 'node:path';
import type { Clock } from '../../clock.js';
import type { WatchFileEvents } from '../file-events.js';
import { createPause } from '../pause.js';
import { ProviderError } from '../provider.js';

/** See {@link followFiles}. */
export interface FollowFilesOptions<T> {
  /** Files whose contents belong together. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** How often to check the files, in milliseconds. */
  readonly pollMs: number;
  /** How long a changed file must stay unchanged before it is read, in milliseconds. */
  readonly settleMs: number;
  /** File-system events, which make a change visible at once. Default: only polling. */
  readonly events?: WatchFileEvents;
  /** Reads the files; `exists` is false when none of them does. Throws a {@link ProviderError} for unusable content. */
  read(exists: boolean): Promise<T>;
  /** Whether a content is certainly complete, so that it counts without waiting `settleMs`. Default: never. */
  isComplete?(content: T): boolean;
  /** Called with the first content, after each change, and after trouble. */
  onContent(content: T): void;
  /** Called when the files cannot be read. Reading is retried at each check; the same trouble is reported once. */
  onTrouble(message: string): void;
}

/**
 * Follows files until the signal aborts. Changes are found by `stat`: after each file-system event, and by polling, because
 * network mounts send no events.
 *
 * Tilt writes its kubeconfig in place and in steps (client-go's `ModifyConfig`: one write each for the cluster, the user and
 * the context, and each truncates the file first). So changed content counts when it is complete or has settled.
 */
export async function followFiles<T>(options: FollowFilesOptions<T>, signal: AbortSignal): Promise<void> {
  const { paths, clock, pollMs, settleMs, read, isComplete, onContent, onTrouble } = options;
  const pause = createPause(clock);
  const events = paths.flatMap((path) => options.events?.(path, pause.wake) ?? []);
  /** Signature of the last content; null at first and after trouble. */
  let seen: string | null = null;
  let reported: string | null = null;
  let isFirst = true;

  try {
    while (!signal.aborted) {
      // Before the check: it sees what changed until now, and the events report what changes from now on.
      await Promise.all(events.map((event) => event.refresh()));
      const news = await readNews().catch(report);
      isFirst = false;
      if (news && !signal.aborted) accept(news);
      await pause.wait(pollMs, signal);
    }
  } finally {
    for (const event of events) event.close();
  }

  /** New content that is complete or has settled; null when there is none. */
  async function readNews(): Promise<News<T> | null> {
    let last: string | null = null;
    let changedAt = clock.monotonic();
    while (!signal.aborted) {
      const signature = await signatureOf(paths);
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
      if (isTrouble(error)) return null;
      throw error;
    }
  }

  function accept({ signature, content }: News<T>): void {
    seen = signature;
    reported = null;
    onContent(content);
  }

  function report(error: unknown): null {
    if (!isTrouble(error)) throw error;
    seen = null;
    const message =
      error instanceof ProviderError
        ? error.message
        : `${error.path ?? paths.join(delimiter)}: cannot be read: ${error.code}`;
    if (message !== reported && !signal.aborted) onTrouble(message);
    reported = message;
    return null;
  }
}

interface News<T> {
  readonly signature: string;
  readonly content: T;
}

const MISSING = 'missing';

/** Identity, size and times of the files. It changes when one of them is written, replaced, created or deleted. */
async function signatureOf(paths: readonly string[]): Promise<string> {
  return (await Promise.all(paths.map(fileSignatureOf))).join('\n');
}

async function fileSignatureOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return MISSING;
    throw error;
  }
}

function existsIn(signature: string): boolean {
  return signature.split('\n').some((line) => line !== MISSING);
}

type Trouble = ProviderError | NodeJS.ErrnoException;

function isTrouble(error: unknown): error is Trouble {
  return error instanceof ProviderError || isSystemError(error);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error;
}
