import type { TargetFields } from '../client/client.js';
import { headlineOf } from '../model/plain-text.js';

/** What a target says of itself: its error, what it waits for. As Tilt wrote it, which may be several lines. */
export function sayingOf({ phase, state }: TargetFields): string {
  if (state === null) return phase.toLowerCase();
  if (state.__typename === 'TargetStateTerminated') return state.error ?? state.summary;
  return state.summary;
}

/** One line of plain text about a target: the line of its error that says what happened, or what it waits for. */
export function statusLine({ phase, state }: TargetFields): string {
  if (state === null) return phase.toLowerCase();
  if (state.__typename !== 'TargetStateTerminated' || state.error === null) return state.summary;
  return headlineOf(state.error) || state.summary;
}

/** Since when a target is as it is: when the gateway saw it turn so, in milliseconds since 1970. Null when unknown. */
export function sinceOf({ history, state }: TargetFields): number | null {
  return momentOf(history.at(-1)?.time ?? startOf(state));
}

/** When a target started, in milliseconds since 1970. Null when it has not, or Tilt does not say it. */
export function startedAt({ state }: TargetFields): number | null {
  return momentOf(startOf(state));
}

function startOf(state: TargetFields['state']): string | null {
  return state !== null && 'startTime' in state ? state.startTime : null;
}

function momentOf(time: string | null): number | null {
  const ms = time === null ? Number.NaN : Date.parse(time);
  return Number.isNaN(ms) ? null : ms;
}
