import type { Figures, QuickFigures } from './processes/api.js';
import type { ProcessFigures, SoakCounts, SoakResult } from './soak.js';

/** Formats the progress of a run in one line. */
export function formatProgress(counts: SoakCounts, { heapBytes, rssBytes, files }: QuickFigures): string {
  const { ms, connects, updates, payloads, mismatches } = counts;
  return [
    `${(ms / 60_000).toFixed(1)} min`,
    `connects ${formatCount(connects)}`,
    `updates ${formatCount(updates)}`,
    `payloads ${formatCount(payloads)}`,
    `mismatches ${formatCount(mismatches)}`,
    `heap ${formatMegabytes(heapBytes)}`,
    `rss ${formatMegabytes(rssBytes)}`,
    `files ${files ?? '–'}`,
  ].join('  ');
}

/** Formats the result of a run. */
export function formatResult({ gateway, publisher, counts }: SoakResult): string {
  return [
    ...formatFigures('gateway', gateway),
    '',
    ...formatFigures('publisher', publisher),
    '',
    ...summaryLines(counts),
  ].join('\n');
}

function formatFigures(name: string, { start, end }: ProcessFigures): string[] {
  const [before, after] = [rowsOf(start), rowsOf(end)];
  const rows = [
    [name, 'start', 'end'],
    ...[...after].map(([name, value]) => [name, before.get(name) ?? '–', value]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

function summaryLines(counts: SoakCounts): string[] {
  const { ms, rounds, connects, updates, payloads, compared, mismatches } = counts;
  const { resumes, resets, conflated, stalls, cut, chaos, longestStallMs } = counts;
  const { deltas, digests, digestMismatches } = counts;
  const minutes = ms / 60_000;
  const others = Object.entries(chaos).map(([name, count]) => `${count} ${name}`);
  return [
    `${minutes.toFixed(1)} min, ${rounds} rounds: ${formatCount(connects)} connects (${formatCount(connects / minutes)}/min),`,
    `${formatCount(updates)} updates (${formatCount(updates / minutes)}/min), ${formatCount(payloads)} payloads;`,
    `${formatCount(compared)} states compared with the model, ${formatCount(mismatches)} mismatches;`,
    `${formatCount(resumes)} resumed (${formatCount(resets)} of them with a reset), ${formatCount(stalls)} stalls, ${formatCount(conflated)} conflated payloads, ${cut} half-open readers disconnected;`,
    `bucket: ${formatCount(deltas)} deltas applied, ${formatCount(digests)} digests equal, ${formatCount(digestMismatches)} different;`,
    `Tilts: ${others.join(', ')}; longest blocked write ${Math.round(longestStallMs)} ms`,
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
    ['heap', formatMegabytes(heapBytes)],
    ['rss', formatMegabytes(rssBytes)],
    ...counts.map(([name, count]): [string, string] => [name, formatCount(count)]),
  ]);
}

function prefixed(prefix: string, counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${prefix}${name}`, count]));
}

function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
