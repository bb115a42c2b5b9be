import { batch } from '@preact/signals';

/** Puts off what changes the page until its next frame. */
export interface Frames {
  /** The task of this key that is to run next: it takes the place of one that has not run yet. */
  put(key: string, task: () => void): void;
}

/** How long a page that is not drawn waits, in milliseconds: its tab's title and notices go on. */
const HIDDEN_MS = 250;

/** Runs all tasks of a frame as one change of the page, however many updates came meanwhile. */
export function createFrames(): Frames {
  const tasks = new Map<string, () => void>();
  let frame = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  return {
    put(key, task) {
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
