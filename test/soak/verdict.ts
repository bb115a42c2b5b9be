import type { Figures } from './processes/api.js';
import type { ProcessFigures, SoakResult } from './soak.js';

/** Minimum counts and limits of a run. */
export interface Goals {
  readonly connects: number;
  readonly updates: number;
  /** Maximum relative growth of the heap: 0.05 is 5 %. */
  readonly heapGrowth: number;
  /** Whether every event must have happened at least once. A short run may miss some by chance. */
  readonly variety: boolean;
}

/** Reasons why a run failed. Empty if it passed. */
export function findFailures(result: SoakResult, goals: Goals): string[] {
  return [...findMismatches(result), ...findLeftovers(result), ...findMissedGoals(result, goals)];
}

/** Mismatches between readers and the model, and between the gateway and the publisher. */
export function findMismatches({
  counts: { mismatches, firstMismatches, digestMismatches },
}: SoakResult): string[] {
  const states = `${mismatches} ${mismatches === 1 ? 'state' : 'states'} differed from the model, such as:`;
  return [
    ...(mismatches === 0 ? [] : [states, ...firstMismatches]),
    ...(digestMismatches === 0 ? [] : [`${digestMismatches} states differed from a publisher's digest`]),
  ];
}

/** Resources that remain at the end or after the process was closed, with the name of the process. */
export function findLeftovers({ gateway, publisher }: SoakResult): string[] {
  return [
    ...leftoversOf(gateway).map((reason) => `gateway, ${reason}`),
    ...leftoversOf(publisher).map((reason) => `publisher, ${reason}`),
  ];
}

function leftoversOf({ start, end, closed }: ProcessFigures): string[] {
  const open = Object.entries(closed).filter(([, value]) => value > 0);
  return [
    ...(end.readers > 0 ? [`readers: ${end.readers} after all clients disconnected`] : []),
    ...findGrowth(start, end),
    ...open.map(([name, value]) => `${name}: ${value} after it was closed`),
  ];
}

/** Resources that grew from the start to the end. */
export function findGrowth(start: Figures, end: Figures): string[] {
  const before = Object.fromEntries(countedFigures(start));
  return countedFigures(end).flatMap(([name, value]) => {
    const first = before[name] ?? 0;
    return value > first ? [`${name}: ${value} at the end, ${first} at the start`] : [];
  });
}

function findMissedGoals({ gateway, publisher, counts }: SoakResult, goals: Goals): string[] {
  const { resumes, resets, conflated, stalls, cut, deltas, digests, chaos } = counts;
  const events = goals.variety ? { resumes, resets, conflated, stalls, cut, deltas, digests, ...chaos } : {};
  const missing = Object.entries(events).filter(([, count]) => count === 0);
  return [
    ...(counts.connects < goals.connects
      ? [`${counts.connects} connects, expected at least ${goals.connects}`]
      : []),
    ...(counts.updates < goals.updates
      ? [`${counts.updates} updates, expected at least ${goals.updates}`]
      : []),
    ...Object.entries({ gateway, publisher }).flatMap(([name, { start, end }]) => {
      const growth = end.heapBytes / start.heapBytes - 1;
      return growth > goals.heapGrowth ? [`${name}, the heap grew by ${(growth * 100).toFixed(1)} %`] : [];
    }),
    ...missing.map(([name]) => `${name}: 0, expected at least 1`),
  ];
}

/** All figures that must not grow, which are all except memory. */
function countedFigures({ timers, files, handles, objects, listeners }: Figures): [string, number][] {
  return [
    ['timers', timers],
    ...(files === null ? [] : [['open files', files] satisfies [string, number]]),
    ...Object.entries(handles).map(([kind, count]): [string, number] => [`handles of ${kind}`, count]),
    ...Object.entries(objects).map(([name, count]): [string, number] => [`objects of ${name}`, count]),
    ['listeners', listeners],
  ];
}
