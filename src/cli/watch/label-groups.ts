import { compareTargets } from '../../client/changes.js';
import type { ResourceFields, TargetFields } from '../../client/client.js';
import { compareNaturally } from '../../lib/natural-order.js';

/** Targets of the resources with one label, in Tilt's order. */
export interface LabelGroup {
  readonly title: string;
  readonly targets: readonly TargetFields[];
}

/**
 * Groups targets as Tilt's own UI does: by label in alphabetical order, then those without a label, then the
 * Tiltfile. A target with two labels is in both groups. Last come those whose labels are not known. The
 * resources of a group are in Tilt's order.
 */
export function groupByLabel(
  targets: readonly TargetFields[],
  resources: ReadonlyMap<string, ResourceFields>,
): LabelGroup[] {
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
