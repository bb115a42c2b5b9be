import { targetKey } from '../../client/changes.js';
import type { TargetFields } from '../../client/client.js';
import { shorten } from '../../model/plain-text.js';
import { logText } from '../text.js';
import type { WaitReport } from './wait-report.js';

// Ends of the logs of root causes, for the reports of a wait.

/** Limits of the lines of an excerpt that are shown. */
export interface ExcerptLimits {
  /** Number of last lines. */
  readonly lines: number;
  /** Length of a line in characters; a longer one loses its end. */
  readonly lineLength: number;
}

/** No limits but those of the gateway: 50 lines and 8 kB. */
const WHOLE: ExcerptLimits = { lines: Number.POSITIVE_INFINITY, lineLength: Number.POSITIVE_INFINITY };

/**
 * Formats the last lines that a target logged before it failed. A first line has the number of earlier lines
 * that are known, if there are any. Empty if no lines are known.
 */
export function formatExcerpt(
  target: TargetFields,
  { excerpts }: Pick<WaitReport, 'excerpts'>,
  { lines: limit, lineLength }: ExcerptLimits = WHOLE,
): string[] {
  const excerpt = excerpts.get(targetKey(target));
  if (excerpt === undefined) return [];
  const lines = excerpt.lines.map(({ text }) => logText(text));
  const end = lines.findLastIndex((line) => line !== '') + 1;
  const shown = lines.slice(Math.max(0, end - limit), end);
  if (shown.length === 0) return [];
  const earlier = excerpt.omitted + end - shown.length;
  return [
    ...(earlier > 0 ? [`… ${earlier} earlier ${earlier === 1 ? 'line' : 'lines'}`] : []),
    ...shown.map((line) => shorten(line, lineLength)),
  ];
}
