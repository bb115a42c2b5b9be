import type { Clock } from '../lib/clock.js';
import { targetKey } from './changes.js';
import type { Client } from './create-client.js';
import { type ExcerptFields, type TargetFields, WatchExcerptsDocument } from './generated.js';

/** Ends of the logs of failed targets, by the key of the target. A target without one is absent. */
export type Excerpts = ReadonlyMap<string, ExcerptFields>;

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

/**
 * Reads the excerpts of failed targets, and waits for at most one second until they are final. Does not wait
 * if there are none: the gateway does not read logs, is too old for it, or cannot be reached. The excerpt of
 * another run of a target is left out. Never rejects.
 */
export async function readExcerpts(
  client: Pick<Client, 'subscribe'>,
  { session, targets, clock, signal }: ReadExcerptsOptions,
): Promise<Excerpts> {
  const failures = new Map(
    targets.filter(hasFailed).map((target) => [targetKey(target), toRun(target.state)]),
  );
  const excerpts = new Map<string, ExcerptFields>();
  if (failures.size === 0) return excerpts;
  const ending = new AbortController();
  const end = () => ending.abort();
  let cancel = clock.after(RESPONSE_MS, end);
  let isFirst = true;
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    const payloads = client.subscribe(WatchExcerptsDocument, { session }, { signal: ending.signal });
    for await (const { targetChanges } of payloads) {
      for (const { target } of targetChanges.changes) {
        const { state } = target;
        const excerpt = state?.__typename === 'TargetStateTerminated' ? state.excerpt : null;
        const isSameRun = failures.get(targetKey(target)) === toRun(state);
        if (excerpt !== null && isSameRun) excerpts.set(targetKey(target), excerpt);
      }
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

function hasFailed({ phase }: TargetFields): boolean {
  return phase === 'FAILED' || phase === 'RETRYING';
}

/** A state, with its times if the target has ended. */
interface AnyState {
  readonly __typename: string;
  readonly startTime?: string | null;
  readonly finishTime?: string | null;
}

/** Identifies a run of a target that has ended. */
function toRun(state: AnyState | null): string {
  return `${state?.startTime} ${state?.finishTime}`;
}
