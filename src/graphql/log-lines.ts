import { BREAK, type DocumentNode, visit } from 'graphql';
import { memoize } from '../lib/memoize.js';
import type { LogLine, LogSelection, TargetExcerpt } from '../model/log.js';
import type { SessionId, Target } from '../model/session.js';
import type { SessionRecord, TrackedTarget } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';
import type { ShownTerminated } from './context.js';
import { badInput } from './errors.js';

/** Maximum number of lines in a tail, and in a payload of the subscription `log`. */
export const MAX_LOG_LINES = 1_000;

/**
 * Whether a document selects lines of a log (`Target.log`, `Resource.log`), found by the name. New lines are
 * no revisions, so its responses are neither cached nor shared with later requests.
 */
export const selectsLog = memoize((document: DocumentNode): boolean => {
  let isFound = false;
  visit(document, {
    Field({ name }) {
      if (name.value !== 'log') return undefined;
      isFound = true;
      return BREAK;
    },
  });
  return isFound;
});

/** Returns the value of an argument `last`. Throws an error for clients if it is out of range. */
export function checkLast(last: number | null | undefined): number {
  const count = last ?? 20;
  if (count < 0 || count > MAX_LOG_LINES) {
    throw badInput(`last: expected 0 to ${MAX_LOG_LINES}, got ${count}.`);
  }
  return count;
}

/** Returns the last lines of a Session's log. Null if it has none. */
export function readTail(
  store: ReadableStore,
  id: SessionId,
  selection: LogSelection,
  last: number | null | undefined,
): readonly LogLine[] | null {
  const count = checkLast(last);
  return store.log(id)?.tail(selection, count) ?? null;
}

/** Id of the Session of a target. */
export function sessionIdOf({ id, key }: Pick<TrackedTarget, 'id' | 'key'>): SessionId {
  return id.slice(0, -key.length - 1);
}

/** Returns the excerpt of a failed target. Null for other targets, and without an excerpt. */
export function findExcerpt(store: ReadableStore, { target }: ShownTerminated): TargetExcerpt | null {
  return target ? excerptOf(store.get(sessionIdOf(target)), target) : null;
}

/**
 * Returns the excerpt of a failed target in a state of its Session. Null for an excerpt of another start of
 * the target.
 */
export function excerptOf(record: SessionRecord | null, { key, state }: Target): TargetExcerpt | null {
  if (state.is !== 'terminated' || state.error === null) return null;
  const { startTime, finishTime } = state;
  const isOfState = (excerpt: TargetExcerpt) =>
    excerpt.target === key && excerpt.startTime === startTime && excerpt.finishTime === finishTime;
  return record?.facts?.excerpts?.find(isOfState) ?? null;
}
