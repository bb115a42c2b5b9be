import { addFingerprint, fingerprint, removeFingerprint } from '../model/fingerprint.js';
import {
  createVersions,
  TARGET_FIELDS,
  type TargetData,
  toComparedTarget,
  VERSION_FIELDS,
  type VersionData,
} from './compared-fields.js';
import { type Compare, checkChange, createPositions, type Fold, type Position } from './fold.js';

/** Subscription of {@link foldTargetChanges}. */
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
 * Folds the targets of a session that match a filter.
 *
 * @param filter index in `TARGET_FILTERS`
 */
export function foldTargetChanges(session: string, filter: number, compare: Compare): Fold {
  const positions = createPositions();
  const versions = createVersions();
  const targets = new Map<string, { readonly phase: string; readonly hash: number }>();
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
    differsFrom(model) {
      const { newest } = versions;
      const version = model.newest[session];
      if (!version)
        return newest === null && sum === 0 ? null : 'the Session is gone, but the reader still has it';
      if (newest?.connection !== 'LIVE')
        return `the connection is ${newest?.connection ?? 'unknown'}, not LIVE`;
      return sum === version.sums[filter]
        ? null
        : `the targets do not match version ${version.key}; the reader has version ${newest.key}`;
    },
  };

  function clear(): void {
    targets.clear();
    sum = 0;
  }

  function apply({ type, previousPhase, target }: TargetChanges['changes'][number]): void {
    const before = targets.get(target.name);
    checkChange(type, target.name, before !== undefined);
    if (before) {
      if (previousPhase !== before.phase) {
        throw new Error(`S2: ${target.name} was ${before.phase}, but previousPhase is ${previousPhase}`);
      }
      sum = removeFingerprint(sum, before.hash);
      targets.delete(target.name);
    }
    if (type === 'DELETED') return;
    const compared = toComparedTarget(target);
    const hash = fingerprint(compared);
    targets.set(target.name, { phase: compared.phase, hash });
    sum = addFingerprint(sum, hash);
  }
}
