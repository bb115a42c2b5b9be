import { createBackoff } from '../../lib/backoff.js';
import { type Clock, createAbortScope, sleep } from '../../lib/clock.js';
import { messageOf } from '../../lib/errors.js';
import { watchFileEvents } from '../../lib/file-events.js';
import { pollFiles } from '../../lib/file-watcher.js';
import { type ReadHudOptions, readHud } from './hud-connection.js';
import { HudError, readTokenSignature } from './hud-token.js';

/** Options of {@link followHud}. */
export interface FollowHudOptions extends ReadHudOptions {
  /** Returns numbers from 0 up to 1, for the jitter of the backoff. */
  readonly random: () => number;
  /** Called after the first message of each connection, which is Tilt's complete view, was read. */
  onReady(): void;
  /** Called with null when logs can be read, else with the reason on one line. Not repeated. */
  onAvailability(error: string | null): void;
}

/** Ends of {@link followHud}. */
export interface FollowHudSignals {
  /** Closes the connection at once. */
  readonly signal: AbortSignal;
  /** Reads the present connection to its end, and opens no other one. */
  readonly draining: AbortSignal;
}

/** Delays between attempts. The first is short, because a `tilt ci` may end within a second. */
const BACKOFF = { firstMs: 200, maxMs: 30_000, minShare: 0.5, healthyMs: 120_000, peers: 1 };

/** Failures in a row that are not reported: a Tilt may be starting or exiting. */
const MAX_SILENT_FAILURES = 2;

/** Interval of checks for a new token where the system sends no events, in milliseconds. */
const TOKEN_POLL_MS = 2_000;

/**
 * Keeps one connection to the HUD of a Tilt, and reads it at full speed. Resolves when one of the signals
 * aborts. Never rejects. After a failure it tries again; the third one makes logs unavailable until a
 * connection works. A missing or rejected token makes them unavailable at once, and is tried again when its
 * file changes, at the latest after the longest delay.
 */
export async function followHud(options: FollowHudOptions, signals: FollowHudSignals): Promise<void> {
  const { address, clock, random } = options;
  const { signal, draining } = signals;
  const stopping = createAbortScope(signal);
  draining.addEventListener('abort', stopping.end, { once: true });
  if (draining.aborted) stopping.end();
  const backoff = createBackoff(clock, random, BACKOFF);
  let reported: string | null | undefined;
  let failures = 0;
  try {
    while (!stopping.signal.aborted) {
      const token = await readTokenSignature(address.tokenFile);
      const error = await readOnce();
      if (stopping.signal.aborted) return;
      await waitAfter(error, token);
    }
  } finally {
    draining.removeEventListener('abort', stopping.end);
    stopping.end();
  }

  /** Returns the error of a connection, or that it ended. */
  async function readOnce(): Promise<Error> {
    try {
      await readHud({ ...options, onMessage: createReader() }, signal);
      return new HudError(`${address.webUrl}: the connection ended`);
    } catch (error) {
      return error instanceof Error ? error : new HudError(messageOf(error));
    }
  }

  /** Creates the reader of the messages of one connection. */
  function createReader(): ReadHudOptions['onMessage'] {
    let isReady = false;
    return async (message, scope) => {
      await options.onMessage(message, scope);
      if (isReady || scope.aborted) return;
      isReady = true;
      failures = 0;
      backoff.markHealthy();
      report(null);
      options.onReady();
    };
  }

  async function waitAfter(error: Error, token: string): Promise<void> {
    failures += 1;
    const isTokenError = error instanceof HudError && error.isTokenError;
    if (failures > MAX_SILENT_FAILURES || isTokenError) report(`logs: ${error.message}`);
    const delayMs = backoff.nextDelayMs(isTokenError ? BACKOFF.maxMs : null);
    if (isTokenError)
      await waitForOtherToken(token, { clock, delayMs, path: address.tokenFile }, stopping.signal);
    else await sleep(clock, delayMs, stopping.signal);
  }

  function report(error: string | null): void {
    if (reported === error) return;
    reported = error;
    options.onAvailability(error);
  }
}

/** Waits until a token file has another signature than before, or for the delay. */
async function waitForOtherToken(
  before: string,
  { clock, delayMs, path }: { readonly clock: Clock; readonly delayMs: number; readonly path: string },
  signal: AbortSignal,
): Promise<void> {
  const scope = createAbortScope(signal);
  const cancel = clock.after(delayMs, scope.end);
  try {
    await pollFiles(
      { paths: [path], clock, pollMs: TOKEN_POLL_MS, events: watchFileEvents },
      async () => {
        if ((await readTokenSignature(path)) !== before) scope.end();
      },
      scope.signal,
    );
  } finally {
    cancel();
    scope.end();
  }
}
