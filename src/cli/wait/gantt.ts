import type { ResourceFields, TargetFields } from '../../client/client.js';
import { lineText, rankOf } from '../text.js';
import { findRunEnd, targetsOf, type WaitReport } from './wait-report.js';

// The run as a Gantt chart in the language of Mermaid: https://mermaid.js.org/syntax/gantt.html

/** Maximum number of bars. GitHub draws at most 50,000 characters. */
const MAX_BARS = 60;

/** Chart of a run. */
export interface Gantt {
  readonly lines: readonly string[];
  /** Number of bars in the chart. */
  readonly shown: number;
  /** Number of targets that have a time. */
  readonly total: number;
}

/**
 * Draws the run of a wait: a bar for each target, from its start to its end or readiness, or to the end of
 * the run while it is open. Of more than {@link MAX_BARS} targets, the most urgent are shown, then those with
 * the longest bars. The sections are the labels of the resources, or the resources if there are no labels.
 * Null when no target has a time.
 */
export function formatGantt(report: WaitReport): Gantt | null {
  const bars = targetsOf(report).flatMap((target) => toBar(target, report));
  if (bars.length === 0) return null;
  const kept = new Set(bars.toSorted(compareImportance).slice(0, MAX_BARS));
  const shown = bars.filter((bar) => kept.has(bar)).sort((a, b) => a.start - b.start);
  const sections = new Map<string, string[]>();
  const sectionOf = createSectionOf(report.resources);
  for (const bar of shown) {
    const section = sectionOf(bar);
    sections.set(section, [...(sections.get(section) ?? []), `  ${formatBar(bar)}`]);
  }
  const lines = [...sections].flatMap(([section, members]) => [`  section ${section}`, ...members]);
  return { lines: [...HEADER, ...lines], shown: shown.length, total: bars.length };
}

/** Times are milliseconds since 1970. The marker of the current time would stretch the axis. */
const HEADER = ['gantt', '  dateFormat x', '  axisFormat %H:%M:%S', '  todayMarker off'];

interface Bar {
  readonly target: TargetFields;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

function compareImportance(a: Bar, b: Bar): number {
  return rankOf(a.target.phase) - rankOf(b.target.phase) || lengthOf(b) - lengthOf(a);
}

function lengthOf({ start, end }: Bar): number {
  return end - start;
}

/**
 * Bar of a target; empty when it has no time. Uses the times that Tilt reports, or else the time at which the
 * target entered its phase.
 */
function toBar(target: TargetFields, report: WaitReport): Bar[] {
  const { phase, state, since, durationSeconds, secondsToReady } = target;
  if (phase === 'INACTIVE' || phase === 'DISABLED' || phase === 'UNTRIGGERED') return [];
  const started = state !== null && 'startTime' in state ? state.startTime : null;
  const start = Date.parse(started ?? since);
  if (Number.isNaN(start)) return [];
  const seconds = durationSeconds ?? secondsToReady;
  const isOpen = phase === 'WAITING' || phase === 'RUNNING';
  const end = isOpen ? findRunEnd(report) : seconds === null ? Date.parse(since) : start + seconds * 1_000;
  return [{ target, start, end: end >= start ? end : start }];
}

type SectionOf = (bar: Bar) => string;

function createSectionOf(resources: readonly ResourceFields[] | null): SectionOf {
  const labels = new Map(resources?.map(({ name, labels }) => [name, labels?.[0]]));
  const hasLabels = [...labels.values()].some((label) => label !== undefined);
  return ({ target }) => {
    const resource = target.resources[0] ?? target.name;
    return escapeText(hasLabels ? (labels.get(resource) ?? 'no label') : resource);
  };
}

/** Look of each phase that has a bar. */
const LOOKS: Readonly<
  Partial<Record<TargetFields['phase'], { readonly icon: string; readonly tag: string }>>
> = {
  FAILED: { icon: '✗', tag: 'crit, ' },
  RETRYING: { icon: '↻', tag: 'crit, ' },
  RUNNING: { icon: '▶', tag: 'active, ' },
  WAITING: { icon: '…', tag: '' },
  READY: { icon: '✓', tag: 'done, ' },
  SUCCEEDED: { icon: '✓', tag: 'done, ' },
};

/** The icon also keeps a name such as `click` from being read as a keyword. */
function formatBar({ target, start, end }: Bar): string {
  const { icon, tag } = LOOKS[target.phase] ?? { icon: '·', tag: '' };
  const milestone = end === start ? 'milestone, ' : '';
  return `${icon} ${escapeText(target.name)} :${milestone}${tag}${Math.floor(start)}, ${Math.ceil(end)}`;
}

/** Maximum length of a name in characters. */
const MAX_NAME = 60;

/** Replaces everything that has a meaning in Mermaid, Markdown or HTML; a colon by a space. */
function escapeText(text: string): string {
  const plain = lineText(text)
    .replaceAll(':', ' ')
    .replace(/[^\p{L}\p{M}\p{N} _.()/@+=-]/gu, '_');
  const cut = [...plain].slice(0, MAX_NAME).join('').trim();
  return cut === '' ? '_' : cut;
}
