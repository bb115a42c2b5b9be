import type { Checkpoints, RunFacts } from './hud-message.js';

/** How far the log of a run of Tilt was read. */
export interface RunPosition {
  /** The next message is the first one of a new connection. */
  reset(): void;
  /** Begins a message. Returns whether it belongs to another run of Tilt: its log starts over. */
  begin(message: RunFacts & Checkpoints): boolean;
  /** Number of segments at the start of a message that were read before. */
  countRead(message: Checkpoints): number;
  /**
   * Continues at a message whose first segment does not follow the last one that was read: Tilt has dropped
   * the segments in between, or they could not be read. Returns their number, or 0 if nothing was read before
   * in this run; null if nothing is left out.
   */
  skipGap(message: Checkpoints): number | null;
  /** All segments up to a checkpoint are read. */
  advanceTo(checkpoint: number): void;
}

/** Largest gap that is counted: the checkpoints of Tilt have 32 bits. */
const MAX_GAP = 2 ** 31 - 1;

/** Creates the position before the first message. */
export function createRunPosition(): RunPosition {
  let checkpoint = 0;
  let startTime: string | null = null;
  let isFirst = true;
  /** Whether a message of this run was read. */
  let hasStarted = false;

  return {
    reset() {
      isFirst = true;
    },
    begin({ to, tiltStartTime }) {
      const isOther =
        // A complete view ends where the log ends. In one run the log never becomes shorter: what Tilt drops
        // still counts.
        (isFirst && to < checkpoint) ||
        (startTime !== null && tiltStartTime !== null && startTime !== tiltStartTime);
      isFirst = false;
      startTime = tiltStartTime ?? startTime;
      if (isOther) {
        checkpoint = 0;
        hasStarted = false;
      }
      return isOther;
    },
    countRead: ({ from }) => Math.max(0, checkpoint - from),
    skipGap({ from }) {
      const missing = from - checkpoint;
      const isKnown = hasStarted;
      hasStarted = true;
      if (missing <= 0) return null;
      // A message that is aborted is read again: its gap must count once.
      checkpoint = from;
      return isKnown ? Math.min(missing, MAX_GAP) : 0;
    },
    advanceTo(next) {
      checkpoint = Math.max(checkpoint, next);
    },
  };
}
