import type { Figures, Glance } from './processes/api.js';
import type { SoakCounts, SoakResult } from './soak.js';

/** How things are on the way, in one line. */
export function lineOf(counts: SoakCounts, { heapBytes, rssBytes, files }: Glance): string {
  const { ms, connects, updates, payloads, wrong } = counts;
  return [
    `${(ms / 60_000).toFixed(1)} min`,
    `connects ${countText(connects)}`,
    `updates ${countText(updates)}`,
    `payloads ${countText(payloads)}`,
    `wrong folds ${countText(wrong)}`,
    `heap ${megabytes(heapBytes)}`,
    `rss ${megabytes(rssBytes)}`,
    `files ${files ?? '–'}`,
  ].join('  ');
}

/** What came of it, as text. */
export function tableOf({ start, end, counts }: SoakResult): string {
  const [before, after] = [rowsOf(start), rowsOf(end)];
  const rows = [
    ['', 'start', 'end'],
    ...[...after].map(([name, value]) => [name, before.get(name) ?? '–', value]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return [...table, '', ...happened(counts)].join('\n');
}

function happened(counts: SoakCounts): string[] {
  const { ms, rounds, connects, updates, payloads, compared, wrong } = counts;
  const { resumes, resets, conflated, stalls, cut, mischief, longestStallMs } = counts;
  const minutes = ms / 60_000;
  const others = Object.entries(mischief).map(([name, count]) => `${count} ${name}`);
  return [
    `${minutes.toFixed(1)} min, ${rounds} rounds: ${countText(connects)} connects (${countText(connects / minutes)}/min),`,
    `${countText(updates)} updates (${countText(updates / minutes)}/min), ${countText(payloads)} payloads;`,
    `${countText(compared)} states compared with the truth, ${countText(wrong)} wrong;`,
    `${countText(resumes)} resumed (${countText(resets)} of them with a reset), ${countText(stalls)} stalls, ${countText(conflated)} conflated payloads, ${cut} cut;`,
    `Tilts: ${others.join(', ')}; held up for ${Math.round(longestStallMs)} ms at most`,
  ];
}

function rowsOf({ heapBytes, rssBytes, readers, timers, files, handles, objects, listeners }: Figures) {
  const counts = Object.entries({
    readers,
    timers,
    ...(files !== null && { 'open files': files }),
    ...prefixed('handles: ', handles),
    ...prefixed('objects: ', objects),
    listeners,
  });
  return new Map([
    ['heap', megabytes(heapBytes)],
    ['rss', megabytes(rssBytes)],
    ...counts.map(([name, count]): [string, string] => [name, countText(count)]),
  ]);
}

function prefixed(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count]));
}

function countText(count: number): string {
  return Math.round(count).toLocaleString('en');
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
