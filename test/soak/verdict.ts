import type { Figures } from './processes/api.js';
import type { SoakResult } from './soak.js';

/** What a run is to reach. */
export interface Goals {
  readonly connects: number;
  readonly updates: number;
  /** By how much of the start the heap may have grown at the end: 0.05 is 5 %. */
  readonly heapGrowth: number;
  /** Whether everything must have happened at least once: in a short run chance may leave something out. */
  readonly variety: boolean;
}

/** Why a run has failed; nothing when it has not. */
export function failuresOf(result: SoakResult, goals: Goals): string[] {
  return [...wrongOf(result), ...leftOf(result), ...missedOf(result, goals)];
}

/** What readers saw that was not so. */
export function wrongOf({ counts: { wrong, firstWrong } }: SoakResult): string[] {
  return wrong === 0 ? [] : [`${wrong} times a reader was wrong, such as:`, ...firstWrong];
}

/** What there is at the end that was not there at the start, and what there still is once the gateway is closed. */
export function leftOf({ start, end, closed }: SoakResult): string[] {
  const open = Object.entries(closed).filter(([, value]) => value > 0);
  const kept = open.map(([name, value]) => `${name}: ${value} after the gateway was closed`);
  return [
    ...(end.readers > 0 ? [`readers: ${end.readers} with nobody there`] : []),
    ...grownBetween(start, end),
    ...kept,
  ];
}

/** What there is more of at the end than at the start. */
export function grownBetween(start: Figures, end: Figures): string[] {
  const before = Object.fromEntries(entriesOf(start));
  return entriesOf(end).flatMap(([name, value]) => {
    const first = before[name] ?? 0;
    return value > first ? [`${name}: ${value} at the end, ${first} at the start`] : [];
  });
}

function missedOf({ start, end, counts }: SoakResult, goals: Goals): string[] {
  const growth = end.heapBytes / start.heapBytes - 1;
  const { resumes, resets, conflated, stalls, cut, mischief } = counts;
  const tried = goals.variety ? { resumes, resets, conflated, stalls, cut, ...mischief } : {};
  const idle = Object.entries(tried).filter(([, count]) => count === 0);
  return [
    ...(counts.connects < goals.connects ? [`${counts.connects} connects, of ${goals.connects}`] : []),
    ...(counts.updates < goals.updates ? [`${counts.updates} updates, of ${goals.updates}`] : []),
    ...(growth > goals.heapGrowth ? [`the heap grew by ${(growth * 100).toFixed(1)} %`] : []),
    ...idle.map(([name]) => `${name}: none, so nothing was tried`),
  ];
}

/** Everything of which there must not be more at the end: all but memory. */
function entriesOf({ timers, files, handles, objects, listeners }: Figures): [string, number][] {
  return [
    ['timers', timers],
    ...(files === null ? [] : [['open files', files] satisfies [string, number]]),
    ...Object.entries(handles).map(([kind, count]): [string, number] => [`handles of ${kind}`, count]),
    ...Object.entries(objects).map(([name, count]): [string, number] => [`objects of ${name}`, count]),
    ['listeners', listeners],
  ];
}
