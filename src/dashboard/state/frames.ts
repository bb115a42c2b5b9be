import { batch } from '@preact/signals';

/** Defers changes of the page to its next frame. */
export interface FrameScheduler {
  /** Schedules a task; it replaces a pending one with the same key. */
  schedule(key: string, task: () => void): void;
}

/**
 * Delay while the page is hidden and has no frames, in milliseconds: the tab's title and notifications still
 * update.
 */
const HIDDEN_MS = 250;

/** Creates a scheduler that runs all tasks of a frame as one update. */
export function createFrameScheduler(): FrameScheduler {
  const tasks = new Map<string, () => void>();
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    schedule(key, task) {
      if (tasks.size === 0) {
        frame = requestAnimationFrame(run);
        timer = setTimeout(run, HIDDEN_MS);
      }
      tasks.set(key, task);
    },
  };

  function run(): void {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    const due = [...tasks.values()];
    tasks.clear();
    batch(() => {
      for (const task of due) task();
    });
  }
}

/** Shows the newest of several views once a frame, until they end. */
export async function showViews<T>(
  frames: FrameScheduler,
  views: AsyncIterable<T>,
  key: string,
  show: (view: T) => void,
  fail: (reason: unknown) => void,
): Promise<void> {
  try {
    for await (const view of views) frames.schedule(key, () => show(view));
  } catch (reason) {
    fail(reason);
  }
}
