import { printOf, withPrint } from '../model/target-print.js';
import type { Compare, Fold, Taken } from './fold.js';
import {
  COUNT_FIELDS,
  type CountsData,
  createVersions,
  shownCounts,
  shownTarget,
  TARGET_FIELDS,
  type TargetData,
  VERSION_FIELDS,
  type VersionData,
} from './shown.js';

/** The subscription that {@link foldSession} is of. */
export const SESSION = `subscription ($session: ID!) {
  session(id: $session) { ${VERSION_FIELDS} status { targets { ${TARGET_FIELDS} } } }
}`;

/** The subscription that {@link foldCounts} is of: most updates change nothing that it selects. */
export const COUNTS = `subscription ($session: ID!) {
  session(id: $session) { connection { state } ${COUNT_FIELDS} }
}`;

interface WholeSession extends VersionData {
  readonly status: { readonly targets: readonly TargetData[] };
}

interface Counts extends Pick<VersionData, 'connection'> {
  readonly counts: CountsData;
}

/** One Session, whole. */
export function foldSession(session: string, compare: Compare): Fold {
  const versions = createVersions();

  return {
    cursor: null,
    begin() {},
    take({ session: now }: { readonly session: WholeSession | null }) {
      if (now === null) versions.clear();
      else compare(versions.take(now), 'targets 0', String(sumOf(now.status.targets)));
      return WHOLE;
    },
    differsFrom({ newest }) {
      const [is, should] = [versions.newest, newest[session]];
      if (!should) return is === null ? null : 'it has left, and is still there';
      if (is?.connection !== 'LIVE') return `its link is ${is?.connection ?? 'not known'}`;
      return is.key === should.key ? null : `it is at ${is.key}, not ${should.key}`;
    },
  };
}

/** The counts of one Session. */
export function foldCounts(session: string): Fold {
  let last: string | null = null;

  return {
    cursor: null,
    begin() {},
    take({ session: now }: { readonly session: Counts | null }) {
      const text = now === null ? 'GONE' : `${now.connection.state} ${shownCounts(now.counts)}`;
      if (text === last) throw new Error(`S6: told again what was not different: ${text}`);
      last = text;
      return WHOLE;
    },
    differsFrom({ newest }) {
      const version = newest[session];
      const text = version ? `LIVE ${version.counts}` : 'GONE';
      return text === last ? null : `it is ${last}, not ${text}`;
    },
  };
}

/** Each payload is everything. */
const WHOLE: Taken = { reset: false, conflated: 0 };

function sumOf(targets: readonly TargetData[]): number {
  return targets.reduce((sum, target) => withPrint(sum, printOf(shownTarget(target))), 0);
}
