import type { Steps } from './json-bytes.js';

/** Longest time for which the event loop is blocked, in milliseconds, without the step that exceeds it. */
const SLICE_MS = 2;

/** Runs work in slices of the event loop. */
export interface SlicesOptions {
  /** Resolves after other tasks had their turn. */
  readonly yieldToLoop: () => Promise<void>;
  /** Milliseconds since any moment. */
  readonly monotonic: () => number;
}

/**
 * Runs steps until they are done, with a pause after each slice of 2 ms. Returns their result, or undefined
 * if the signal aborts.
 */
export async function runInSlices<T>(
  steps: Steps<T>,
  { yieldToLoop, monotonic }: SlicesOptions,
  signal?: AbortSignal,
): Promise<T | undefined> {
  let end = monotonic() + SLICE_MS;
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    if (monotonic() < end) continue;
    await yieldToLoop();
    if (signal?.aborted) return undefined;
    end = monotonic() + SLICE_MS;
  }
}
