import { compareTargets, targetKey } from '../../client/changes.js';
import type { ResourceFields, TargetFields, TargetFilter, TargetsView } from '../../client/client.js';
import { describeBlockers } from '../../client/waits.js';
import { compareNaturally } from '../../lib/natural-order.js';
import { compileConditions } from '../../model/target-filter.js';
import { elapsed, rankOf, statusLine, terminalText } from '../text.js';

/** Resources of a Session by name. Empty while they are not known. */
export type KnownResources = ReadonlyMap<string, ResourceFields>;

/** Line of the table: a target, or the heading of a group. Its texts have no escape sequences. */
export type Row = TargetRow | GroupRow;

/** Table row of a target. */
export interface TargetRow {
  readonly type: 'target';
  /** Unique in the table: a target with two labels has a row in both groups. */
  readonly id: string;
  readonly target: TargetFields;
  readonly name: string;
  /** Duration of the phase, or of the whole run for a target that has ended. */
  readonly time: string;
  /** Description of its blockers, or of its current activity. */
  readonly note: string;
  /** Error in place of the note, so that its end can be shown; null without one. */
  readonly error: string | null;
}

/** Heading of the targets with one label. */
export interface GroupRow {
  readonly type: 'group';
  readonly title: string;
  /** `1 failed, 3 ready` */
  readonly counts: string;
}

/** Selects and orders the rows of the table. */
export interface RowOptions {
  readonly view: Pick<TargetsView, 'targets'> | null;
  readonly resources: KnownResources;
  readonly where: TargetFilter;
  readonly isGrouped: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Creates the rows of the targets that match. Those that need attention come first; in groups they are in
 * Tilt's order.
 */
export function toRows({ view, resources, where, isGrouped, now }: RowOptions): Row[] {
  const targets = view?.targets ?? NO_TARGETS;
  const matching = [...targets.values()].filter(compileConditions(where)(resources));
  if (!isGrouped) {
    return matching
      .toSorted((a, b) => rankOf(a.phase) - rankOf(b.phase))
      .map((target) => toRow(target, targets, now, ''));
  }
  return groupByLabel(matching, resources).flatMap(({ title, targets: members }): Row[] => [
    { type: 'group', title: terminalText(title), counts: countPhases(members) },
    ...members.map((target) => toRow(target, targets, now, `${title}\n`)),
  ]);
}

/** Ids of the rows that can be selected, in their order. */
export function toRowIds(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => (row.type === 'target' ? [row.id] : []));
}

const NO_TARGETS: TargetsView['targets'] = new Map();

function toRow(target: TargetFields, targets: TargetsView['targets'], now: number, group: string): TargetRow {
  const { phase, state } = target;
  const key = targetKey(target);
  const isError =
    state?.__typename === 'TargetStateTerminated' && (phase === 'FAILED' || phase === 'RETRYING');
  return {
    type: 'target',
    id: `${group}${key}`,
    target,
    name: terminalText(key),
    time: timeOf(target, now),
    note: terminalText(noteOf(target, targets)),
    error: isError ? state.error : null,
  };
}

/** Describes what a target does or waits for, in one line. */
export function noteOf(target: TargetFields, targets: TargetsView['targets']): string {
  if (target.phase === 'UNTRIGGERED') return 'waits for a trigger';
  return describeBlockers(target, targets) ?? statusLine(target);
}

/** Formats the duration of a target's phase, or of its whole run if it has ended. Empty if unknown. */
export function timeOf(target: TargetFields, now: number): string {
  if (target.durationSeconds !== null) return elapsed(target.durationSeconds * 1_000);
  if (!ONGOING.includes(target.phase)) return '';
  const since = Date.parse(target.since);
  return Number.isNaN(since) ? '' : elapsed(now - since);
}

const ONGOING: readonly TargetFields['phase'][] = ['WAITING', 'UNTRIGGERED', 'RUNNING', 'READY', 'RETRYING'];

function countPhases(targets: readonly TargetFields[]): string {
  const counts = new Map<TargetFields['phase'], number>();
  for (const { phase } of targets) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([phase, count]) => `${count} ${phase.toLowerCase()}`)
    .join(', ');
}

/** Targets of the resources with one label, in Tilt's order. */
interface LabelGroup {
  readonly title: string;
  readonly targets: readonly TargetFields[];
}

/**
 * Groups targets as Tilt's own UI does: by label in alphabetical order, then those without a label, then the
 * Tiltfile. A target with two labels is in both groups. Last come those whose labels are not known. The
 * resources of a group are in Tilt's order.
 */
function groupByLabel(targets: readonly TargetFields[], resources: KnownResources): LabelGroup[] {
  const groups = new Map<string, TargetFields[]>();
  const others: Record<OtherGroup, TargetFields[]> = { unlabeled: [], Tiltfile: [], 'labels not known': [] };
  for (const target of targets.toSorted((a, b) => orderOf(a) - orderOf(b) || compareTargets(a, b))) {
    const known = target.resources.flatMap((name) => resources.get(name) ?? []);
    const labels = new Set(known.flatMap(({ labels: own }) => own ?? []));
    if (labels.size === 0) others[otherGroupOf(known)].push(target);
    for (const label of labels) {
      const group = groups.get(label);
      if (group) group.push(target);
      else groups.set(label, [target]);
    }
  }
  const labelled = [...groups].sort(([a], [b]) => compareNaturally(a, b));
  return [...labelled, ...Object.entries(others)].flatMap(([title, members]) =>
    members.length === 0 ? [] : [{ title, targets: members }],
  );

  /** Position of its first resource in Tilt's UI; last while it is not known. */
  function orderOf(target: TargetFields): number {
    const orders = target.resources.map((name) => resources.get(name)?.order ?? Number.MAX_SAFE_INTEGER);
    return Math.min(...orders, Number.MAX_SAFE_INTEGER);
  }
}

type OtherGroup = 'unlabeled' | 'Tiltfile' | 'labels not known';

function otherGroupOf(resources: readonly ResourceFields[]): OtherGroup {
  if (resources.some(({ kind }) => kind === 'TILTFILE')) return 'Tiltfile';
  return resources.some(({ labels }) => labels !== null) ? 'unlabeled' : 'labels not known';
}
