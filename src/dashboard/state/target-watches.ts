import type { Client, LogView } from '../../client/client.js';
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
}

/** History entries that a gateway keeps for each target. */
const MAX_HISTORY = 50;

/** @param fail shows an error that the visitor may be able to fix */
export function createTargetWatches(
  client: Pick<Client, 'watchTargets' | 'log'>,
  frames: FrameScheduler,
  fail: (reason: unknown) => void,
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
        signal,
      });
      const showTarget = ({ targets }: { readonly targets: ReadonlyMap<string, Target> }) => {
        const found = targets.get(key);
        if (found && !signal.aborted) show(found);
      };
      void showViews(frames, views, `target ${session}#${key}`, showTarget, fail);
      return () => stopping.abort();
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
  };
}

/** Applies each payload: frames show only the newest tail. */
async function* foldTail(views: AsyncIterable<LogView>): AsyncIterable<LogTail> {
  let tail = EMPTY_TAIL;
  for await (const view of views) {
    tail = applyPayload(tail, view, Date.now());
    yield tail;
  }
}
