import { stat } from 'node:fs/promises';
import { type Clock, sleep } from '../../clock.js';
import { ProviderError } from '../provider.js';

/** See {@link followFile}. */
export interface FollowFileOptions<T> {
  readonly path: string;
  readonly clock: Clock;
  /** How often to look, in milliseconds. */
  readonly pollMs: number;
  /** For how long a changed file must have held still before it is read, in milliseconds. */
  readonly settleMs: number;
  /** Reads the file, or says what it means that there is none. Throws a {@link ProviderError} when it makes no sense. */
  read(isThere: boolean): Promise<T>;
  /** What was read: at first, after each change, and after trouble. */
  onContent(content: T): void;
  /** The file could not be looked at or read. That is tried again at each look; the same trouble is told once. */
  onTrouble(message: string): void;
}

/**
 * Follows a file until the signal aborts. It looks by `stat`, not by file events: those miss a rename over the file, a folder
 * that is not there yet, and network mounts; a `stat` twice a second costs nothing.
 *
 * What was changed is read once it has held still. Tilt writes its kubeconfig in place and in steps (client-go's
 * `ModifyConfig`: one write each for the cluster, the user and the context, and each empties the file first), so that
 * for a moment it says that there are no Tilts at all.
 */
export async function followFile<T>(options: FollowFileOptions<T>, signal: AbortSignal): Promise<void> {
  const { path, clock, pollMs, settleMs, read, onContent, onTrouble } = options;
  /** Of what was read last; null at first and after trouble. */
  let seen: string | null = null;
  let told: string | null = null;
  let isFirst = true;

  while (!signal.aborted) {
    await look();
    isFirst = false;
    await sleep(clock, pollMs, signal);
  }

  async function look(): Promise<void> {
    const signature = await settledSignature().catch(tell);
    if (signature === undefined || signature === seen) return;
    const content = await read(signature !== MISSING).then((value) => ({ value }), tell);
    if (content === undefined || signal.aborted) return;
    seen = signature;
    told = null;
    onContent(content.value);
  }

  async function settledSignature(): Promise<string> {
    let signature = await signatureOf(path);
    while (signature !== seen && !isFirst && !signal.aborted) {
      const before = signature;
      await sleep(clock, settleMs, signal);
      signature = await signatureOf(path);
      if (signature === before) break;
    }
    return signature;
  }

  function tell(error: unknown): undefined {
    if (!isTrouble(error)) throw error;
    seen = null;
    const message = error instanceof ProviderError ? error.message : `${path}: cannot be read: ${error.code}`;
    if (message !== told && !signal.aborted) onTrouble(message);
    told = message;
  }
}

const MISSING = 'missing';

/** What tells one content from the next: which file, its size, and when it or its permissions changed, in nanoseconds. */
async function signatureOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    if (isSystemError(error) && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return MISSING;
    throw error;
  }
}

function isTrouble(error: unknown): error is ProviderError | (Error & { code: unknown }) {
  return error instanceof ProviderError || isSystemError(error);
}

function isSystemError(error: unknown): error is Error & { code: unknown } {
  return error instanceof Error && 'code' in error;
}
