import type { TargetFields } from '../client/client.js';
import { headlineOf } from '../model/plain-text.js';

/** One line of plain text about a target: the line of its error that says what happened, or what it waits for. */
export function statusLine({ phase, state }: TargetFields): string {
  if (state === null) return phase.toLowerCase();
  if (state.__typename !== 'TargetStateTerminated' || state.error === null) return state.summary;
  return headlineOf(state.error) || state.summary;
}

/** When a target entered its phase (`Target.since`), in milliseconds since 1970. Null when the time cannot be read. */
export function sinceOf({ since }: Pick<TargetFields, 'since'>): number | null {
  const ms = Date.parse(since);
  return Number.isNaN(ms) ? null : ms;
}
