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
      const read = async () => {
        const reason = describeMissingLog(session, await readSources(client, signal));
        frames.schedule(`missing log of ${session}`, () => {
          if (!signal.aborted) show(reason);
        });
      };
      void read();
      const timer = setInterval(read, REASON_MS);
      signal.addEventListener('abort', () => clearInterval(timer));
      return () => stopping.abort();
    },
  };
}

/** A source of the gateway. */
interface Source {
  readonly name: string;
  /** Kinds of objects that it does not provide, and why, one line each. */
  readonly unavailable: readonly string[];
}

/** Kind under which a source reports that it cannot read logs. */
const LOGS = 'logs: ';

/**
 * Describes why a Session has no log, in one line. The source of a single Tilt has the name of its instance.
 * Others, such as buckets, have the Sessions of many Tilts and no log.
 *
 * @param session id of the Session
 * @param sources sources of the gateway; null if they are not known
 */
export function describeMissingLog(session: string, sources: readonly Source[] | null): string {
  if (sources === null) return NOT_READ;
  const own = sources.find(({ name }) => session.startsWith(`${name}/`));
  if (own === undefined) {
    return 'Logs are not available here: only the gateway next to this Tilt can follow them.';
  }
  const reason = own.unavailable.find((line) => line.startsWith(LOGS));
  return reason === undefined ? NOT_READ : `Logs are not available: ${reason.slice(LOGS.length)}`;
}

const NOT_READ = 'Logs are not available: start the gateway with --logs next to Tilt.';

/** Reads the sources of the gateway. Resolves with null on an error, which the page shows elsewhere. */
async function readSources(
  client: Pick<Client, 'query'>,
  signal: AbortSignal,
): Promise<readonly Source[] | null> {
  const document = '{ gateway { sources { name unavailable } } }';
  try {
    const { gateway } = await client.query<SourcesAnswer, object>(document, {}, { signal });
    return gateway.sources;
  } catch {
    return null;
  }
}

interface SourcesAnswer {
  readonly gateway: { readonly sources: readonly Source[] };
}

/** Applies each payload: frames show only the newest tail. */
async function* foldTail(views: AsyncIterable<LogView>): AsyncIterable<LogTail> {
  let tail = EMPTY_TAIL;
  for await (const view of views) {
    tail = applyPayload(tail, view, Date.now());
    yield tail;
  }
}
