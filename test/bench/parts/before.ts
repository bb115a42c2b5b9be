import { OURS, type Part, ratio } from './part.js';

/** Name of the gateway of another checkout, measured in the same rounds as this one. */
export const BEFORE = 'tilt-graphql-before';

/** Parts that start a server by its name. The others measure only this checkout. */
const COMPARABLE = /^(fanout-|few-|burst|groups|memory|readers-50k|http-|stuck)/;

/**
 * Maximum accepted ratio of the costs. On a quiet machine, runs of several rounds differ by about as much.
 */
const MAX_RATIO = 1.05;

/** Adds the gateway of another checkout after this one's, with the goal that this one does not cost more. */
export function withBefore(part: Part): Part {
  const at = part.entrants.indexOf(OURS);
  const [column] = part.columns;
  if (at === -1 || column === undefined || !COMPARABLE.test(part.name)) return part;
  const goal = ratio(column, { above: OURS, below: BEFORE }, { atMost: MAX_RATIO });
  return { ...part, entrants: part.entrants.toSpliced(at + 1, 0, BEFORE), goals: [...part.goals, goal] };
}
