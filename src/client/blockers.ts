import { findBlockers } from '../model/blockers.js';
import { headlineOf, plainText } from '../model/plain-text.js';
import type { TargetFields } from './generated.js';

/** A target that stands in the way of a Session's being good. */
export interface Blocker {
  readonly target: TargetFields;
  /** One line for a person: `api:serve: running, not ready`. Of an error of several lines, the one that says what happened. */
  readonly why: string;
  /** Since when it is in its phase (RFC 3339). */
  readonly since: string;
}

/**
 * The targets that stand in the way: those that failed first, then those that are tried again, that run and are not ready or
 * not done, and that wait; by name within each. It is Tilt's own rule: what is inactive or disabled does not count.
 */
export function blockersOf({ targets }: { readonly targets: ReadonlyMap<string, TargetFields> }): Blocker[] {
  const blockers = Object.values(findBlockers(targets.values(), ({ phase }) => phase)).flat();
  return blockers.map((target) => ({ target, why: whyOf(target), since: target.since }));
}

function whyOf({ name, phase, state }: TargetFields): string {
  return lineOf(`${name}: ${state === null ? phase.toLowerCase() : summaryOf(state)}`);
}

/** The summary, whose end is the error, with the error's headline alone. */
function summaryOf(state: NonNullable<TargetFields['state']>): string {
  const error = state.__typename === 'TargetStateTerminated' ? state.error : null;
  if (error === null || error === '' || !state.summary.endsWith(error)) return state.summary;
  return `${state.summary.slice(0, -error.length)}${headlineOf(error)}`;
}

function lineOf(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim();
}
