import { OURS, type Part, ratio } from './part.js';

/** The name of another checkout's gateway, measured beside this one's. */
export const BEFORE = 'tilt-graphql-before';

/** The parts that start a server by its name; the others measure this checkout alone. */
const COMPARABLE = /^(fanout-|burst|groups|memory|readers-50k|http-|stuck)/;

/** How much worse a change may be. A run of several rounds moves by about as much on a quiet machine. */
const MOST = 1.05;

/** The part, with the gateway of another checkout right after this one's and the goal of costing no more than it. */
export function withBefore(part: Part): Part {
  const at = part.entrants.indexOf(OURS);
  const [column] = part.columns;
  if (at === -1 || column === undefined || !COMPARABLE.test(part.name)) return part;
  const goal = ratio(column, { above: OURS, below: BEFORE }, { atMost: MOST });
  return { ...part, entrants: part.entrants.toSpliced(at + 1, 0, BEFORE), goals: [...part.goals, goal] };
}
