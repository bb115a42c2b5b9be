import type { Clock } from '../clock.js';

/** Sends a progress notification: seconds that have passed, and what is waited for. */
export type SendProgress = (seconds: number, message: string) => void;

/** Progress of one call, in regular notifications. */
export interface Progress {
  /** Sets the message of the next notifications. The first one is sent at once. */
  update(message: string): void;
  /** Sends nothing more. */
  end(): void;
}

/** Interval of notifications in milliseconds. Some clients end a call that they hear nothing of for 5 s. */
const INTERVAL_MS = 2_000;

/** Starts the progress of a call. Without `send` the client did not ask for it: nothing happens. */
export function startProgress(clock: Clock, send: SendProgress | null): Progress {
  if (send === null) return { update() {}, end() {} };
  const startedAt = clock.monotonic();
  let newest = 'waiting for the gateway';
  let isFirst = true;
  let cancel = clock.after(INTERVAL_MS, repeat);
  return {
    update(message) {
      newest = message;
      if (isFirst) notify();
    },
    end: () => cancel(),
  };

  function repeat(): void {
    notify();
    cancel = clock.after(INTERVAL_MS, repeat);
  }

  function notify(): void {
    isFirst = false;
    send?.(Math.round(clock.monotonic() - startedAt) / 1_000, newest);
  }
}
