import type { Figures } from './processes/api.js';
import type { SoakResult } from './soak.js';

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

/** Mismatches between readers and the model. */
export function findMismatches({ counts: { mismatches, firstMismatches } }: SoakResult): string[] {
  return mismatches === 0
    ? []
    : [
        `${mismatches} ${mismatches === 1 ? 'state' : 'states'} differed from the model, such as:`,
        ...firstMismatches,
      ];
}

/** Resources that remain at the end or after the gateway was closed. */
export function findLeftovers({ start, end, closed }: SoakResult): string[] {
  const open = Object.entries(closed).filter(([, value]) => value > 0);
  const remaining = open.map(([name, value]) => `${name}: ${value} after the gateway was closed`);
  return [
    ...(end.readers > 0 ? [`readers: ${end.readers} after all clients disconnected`] : []),
    ...findGrowth(start, end),
    ...remaining,
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

function findMissedGoals({ start, end, counts }: SoakResult, goals: Goals): string[] {
  const growth = end.heapBytes / start.heapBytes - 1;
  const { resumes, resets, conflated, stalls, cut, chaos } = counts;
  const events = goals.variety ? { resumes, resets, conflated, stalls, cut, ...chaos } : {};
  const missing = Object.entries(events).filter(([, count]) => count === 0);
  return [
    ...(counts.connects < goals.connects
      ? [`${counts.connects} connects, expected at least ${goals.connects}`]
      : []),
    ...(counts.updates < goals.updates
      ? [`${counts.updates} updates, expected at least ${goals.updates}`]
      : []),
    ...(growth > goals.heapGrowth ? [`the heap grew by ${(growth * 100).toFixed(1)} %`] : []),
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
