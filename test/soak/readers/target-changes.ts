import { printOf, withoutPrint, withPrint } from '../model/target-print.js';
import { type Compare, checkFits, createPositions, type Fold, type Position } from './fold.js';
import {
  createVersions,
  shownTarget,
  TARGET_FIELDS,
  type TargetData,
  VERSION_FIELDS,
  type VersionData,
} from './shown.js';

/** The subscription that {@link foldTargetChanges} is of. */
export const TARGET_CHANGES = `subscription ($session: ID!, $where: TargetFilter, $since: String) {
  targetChanges(session: $session, where: $where, since: $since) {
    cursor reset conflated session { ${VERSION_FIELDS} }
    changes { type previousPhase target { ${TARGET_FIELDS} } }
  }
}`;

interface TargetChanges extends Position {
  readonly session: VersionData | null;
  readonly changes: readonly {
    readonly type: string;
    readonly previousPhase: string | null;
    readonly target: TargetData;
  }[];
}

/**
 * The targets of one Session that match a filter.
 *
 * @param filter which of `TARGET_FILTERS`
 */
export function foldTargetChanges(session: string, filter: number, compare: Compare): Fold {
  const positions = createPositions();
  const versions = createVersions();
  const held = new Map<string, { readonly phase: string; readonly print: number }>();
  let sum = 0;

  return {
    get cursor() {
      return positions.cursor;
    },
    begin: positions.begin,
    take({ targetChanges: payload }: { readonly targetChanges: TargetChanges }) {
      positions.take(payload);
      if (payload.reset) clear();
      for (const change of payload.changes) apply(change);
      if (payload.session === null) versions.clear();
      else compare(versions.take(payload.session), `targets ${filter}`, String(sum));
      return payload;
    },
    differsFrom(truth) {
      const { newest } = versions;
      const version = truth.newest[session];
      if (!version) return newest === null && sum === 0 ? null : 'it has left, and is still there';
      if (newest?.connection !== 'LIVE') return `its link is ${newest?.connection ?? 'not known'}`;
      return sum === version.sums[filter]
        ? null
        : `its targets are those of ${newest.key}, not ${version.key}`;
    },
  };

  function clear(): void {
    held.clear();
    sum = 0;
  }

  function apply({ type, previousPhase, target }: TargetChanges['changes'][number]): void {
    const before = held.get(target.name);
    checkFits(type, target.name, before !== undefined);
    if (before) {
      if (previousPhase !== before.phase) {
        throw new Error(`S2: ${target.name} was ${before.phase}, and is said to have been ${previousPhase}`);
      }
      sum = withoutPrint(sum, before.print);
      held.delete(target.name);
    }
    if (type === 'DELETED') return;
    const shown = shownTarget(target);
    const print = printOf(shown);
    held.set(target.name, { phase: shown.phase, print });
    sum = withPrint(sum, print);
  }
}
