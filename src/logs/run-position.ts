import type { Checkpoints, RunFacts } from './hud-message.js';

/** How far the log of a run of Tilt was read. */
export interface RunPosition {
  /** The next message is the first one of a new connection. */
  reset(): void;
  /** Begins a message. Returns whether it belongs to another run of Tilt: its log starts over. */
  begin(message: RunFacts & Checkpoints): boolean;
  /** Number of segments at the start of a message that were read before. */
  countRead(message: Checkpoints): number;
  /** All segments up to a checkpoint are read. */
  advanceTo(checkpoint: number): void;
}

/** Creates the position before the first message. */
export function createRunPosition(): RunPosition {
  let checkpoint = 0;
  let startTime: string | null = null;
  let isFirst = true;

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
      if (isOther) checkpoint = 0;
      return isOther;
    },
    countRead: ({ from }) => Math.max(0, checkpoint - from),
    advanceTo(next) {
      checkpoint = Math.max(checkpoint, next);
    },
  };
}
