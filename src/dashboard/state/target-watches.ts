import type { Client, LogView } from '../../client/client.js';
import { findMissingLog, type MissingLog } from '../../client/missing-log.js';
import { messageOf } from '../../lib/errors.js';
import { applyPayload, EMPTY_TAIL, type LogTail, MAX_LINES } from '../model/log-tail.js';
import type { Target } from '../model/types.js';
import { type FrameScheduler, showViews } from './frames.js';

/** Data of one target, which is watched only while its details are open. */
export interface TargetWatches {
  /** Watches one target with its full history and its excerpt. Returns a function that stops. */
  watchTarget(
    session: string,
    target: { readonly key: string; readonly name: string },
    show: (target: Target) => void,
  ): () => void;
  /** Watches the log of a resource. Returns a function that stops. */
  watchLog(
    session: string,
    resource: string,
    reader: {
      show(tail: LogTail): void;
      /** @param message why the log cannot be watched, in one line */
      fail(message: string): void;
    },
  ): () => void;
  /** Watches why a Session has no log, in one line. Returns a function that stops. */
  watchMissingLog(session: string, show: (reason: string) => void): () => void;
}

/** Errors that ended watches, which the page shows until the watch is closed. */
export interface WatchErrors {
  show(key: string, reason: unknown): void;
  clear(key: string): void;
}

/** Interval in which the reason for a missing log is read again, in milliseconds. */
const REASON_MS = 10_000;

/** History entries that a gateway keeps for each target. */
const MAX_HISTORY = 50;

/** Creates the watches. */
export function createTargetWatches(
  client: Pick<Client, 'watchTargets' | 'log' | 'query'>,
  frames: FrameScheduler,
  errors: WatchErrors,
): TargetWatches {
  return {
    watchTarget(session, { key, name }, show) {
      const stopping = new AbortController();
      const { signal } = stopping;
      const views = client.watchTargets({
        session,
        where: { name },
        history: MAX_HISTORY,
        excerpts: true,
        resume: false,
        signal,
      });
      const showTarget = ({ targets }: { readonly targets: ReadonlyMap<string, Target> }) => {
        const found = targets.get(key);
        if (found && !signal.aborted) show(found);
      };
      const watch = `target ${session}#${key}`;
      void showViews(frames, views, watch, showTarget, (reason) => errors.show(watch, reason));
      return () => {
        stopping.abort();
        errors.clear(watch);
      };
    },
    watchLog(session, resource, reader) {
      const stopping = new AbortController();
      const { signal } = stopping;
      const views = client.log({ session, resource, last: MAX_LINES, signal });
      const show = (tail: LogTail) => {
        if (!signal.aborted) reader.show(tail);
      };
      void showViews(frames, foldTail(views), `log of ${session} ${resource}`, show, (reason) =>
        reader.fail(messageOf(reason)),
      );
      return () => stopping.abort();
    },
    watchMissingLog(session, show) {
      const stopping = new AbortController();
      const { signal } = stopping;
      const showReason = (missing: MissingLog) =>
        frames.schedule(`missing log of ${session}`, () => {
          if (!signal.aborted) show(describeMissingLog(missing));
        });
      // Rejects only when the signal aborts.
      const read = () => void findMissingLog(client, session, signal).then(showReason, () => {});
      read();
      const timer = setInterval(read, REASON_MS);
      signal.addEventListener('abort', () => clearInterval(timer));
      return () => stopping.abort();
    },
  };
}

function describeMissingLog(missing: MissingLog): string {
  switch (missing.is) {
    case 'elsewhere':
      return 'Logs are not available here: only the gateway next to this Tilt can follow them.';
    case 'off':
      return 'Logs are not available: start the gateway with --logs next to Tilt.';
    case 'unreadable':
      return `Logs are not available: ${missing.reason}`;
  }
}

/** Applies each payload: frames show only the newest tail. */
async function* foldTail(views: AsyncIterable<LogView>): AsyncIterable<LogTail> {
  let tail = EMPTY_TAIL;
  for await (const view of views) {
    tail = applyPayload(tail, view, Date.now());
    yield tail;
  }
}
