import type { Clock } from '../lib/clock.js';
import { plainText } from '../model/plain-text.js';
import { targetKey } from './changes.js';
import type { Client } from './create-client.js';
import type { LogLevel, TargetFields } from './generated.js';

/** The end of the log of a failed target. */
export interface Excerpt {
  /** Plain text, oldest line first. */
  readonly lines: readonly { readonly level: LogLevel; readonly text: string }[];
  /** Number of earlier lines; at least this many. */
  readonly omitted: number;
  /** Whether no more lines are expected. */
  readonly isFinal: boolean;
}

/** Excerpts by the key of the target. A target without one is absent. */
export type Excerpts = ReadonlyMap<string, Excerpt>;

/** Options of {@link readExcerpts}. */
export interface ReadExcerptsOptions {
  /** Id of the Session. */
  readonly session: string;
  /** Targets of the Session. Those that did not fail are ignored. */
  readonly targets: readonly TargetFields[];
  readonly clock: Clock;
  /** Ends the call with the excerpts so far. */
  readonly signal?: AbortSignal | undefined;
}

/** Time limit of the first response, in milliseconds. */
const RESPONSE_MS = 5_000;

/** Time limit of the last lines, in milliseconds. Tilt sends them shortly after a failure. */
const FINAL_MS = 1_000;

/** Phases of targets that have an error. */
const FAILED_PHASES: TargetFields['phase'][] = ['FAILED', 'RETRYING'];

/**
 * Reads the excerpts of failed targets, and waits for at most one second until they are final. Does not wait
 * without excerpts: the gateway does not read logs, is too old for it, or cannot be reached. The excerpt of
 * another run of a target is left out. Never rejects.
 */
export async function readExcerpts(
  client: Pick<Client, 'watchTargets'>,
  { session, targets, clock, signal }: ReadExcerptsOptions,
): Promise<Excerpts> {
  const failed = targets.filter(({ phase }) => FAILED_PHASES.includes(phase));
  let excerpts: Excerpts = new Map();
  if (failed.length === 0) return excerpts;
  const ending = new AbortController();
  const end = () => ending.abort();
  let cancel = clock.after(RESPONSE_MS, end);
  let isFirst = true;
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    const where = { phase: FAILED_PHASES };
    const views = client.watchTargets({ session, where, excerpts: true, signal: ending.signal });
    for await (const { cursor, link, targets: newest } of views) {
      if (link.isDown) break;
      if (cursor === null) continue;
      excerpts = new Map([...excerpts, ...findExcerpts(failed, newest)]);
      if ([...excerpts.values()].every(({ isFinal }) => isFinal)) break;
      if (isFirst) {
        cancel();
        cancel = clock.after(FINAL_MS, end);
      }
      isFirst = false;
    }
  } catch {
    // A result stands without excerpts.
  } finally {
    cancel();
    signal?.removeEventListener('abort', end);
  }
  return excerpts;
}

function findExcerpts(
  failed: readonly TargetFields[],
  newest: ReadonlyMap<string, TargetFields>,
): [key: string, excerpt: Excerpt][] {
  return failed.flatMap((target) => {
    const key = targetKey(target);
    const state = newest.get(key)?.state ?? null;
    const excerpt = toRun(state) === toRun(target.state) ? toExcerpt(state) : null;
    return excerpt === null ? [] : [[key, excerpt]];
  });
}

/** Identifies a run of a target that has ended. Null for other states. */
function toRun(state: TargetFields['state']): string | null {
  return state?.__typename === 'TargetStateTerminated' ? `${state.startTime} ${state.finishTime}` : null;
}

/** Returns the excerpt of a state that was read with its excerpt. Null if it has none. */
export function toExcerpt(state: TargetFields['state']): Excerpt | null {
  const excerpt = state?.__typename === 'TargetStateTerminated' ? state.excerpt : null;
  if (!excerpt) return null;
  const lines = excerpt.lines.map(({ level, styledText }) => ({ level, text: plainText(styledText) }));
  return { ...excerpt, lines };
}
