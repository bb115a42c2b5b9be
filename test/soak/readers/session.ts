import { addFingerprint, fingerprint } from '../model/fingerprint.js';
import {
  COUNT_FIELDS,
  type CountsData,
  createVersions,
  TARGET_FIELDS,
  type TargetData,
  toComparedTarget,
  toCountsText,
  VERSION_FIELDS,
  type VersionData,
} from './compared-fields.js';
import type { Compare, Fold, PayloadInfo } from './fold.js';

/** Subscription of {@link foldSession}. */
export const SESSION = `subscription ($session: ID!) {
  session(id: $session) { ${VERSION_FIELDS} status { targets { ${TARGET_FIELDS} } } }
}`;

/** Subscription of {@link foldCounts}. Most updates change nothing that it selects. */
export const COUNTS = `subscription ($session: ID!) {
  session(id: $session) { connection { state } ${COUNT_FIELDS} }
}`;

interface WholeSession extends VersionData {
  readonly status: { readonly targets: readonly TargetData[] };
}

interface Counts extends Pick<VersionData, 'connection'> {
  readonly counts: CountsData;
}

/** Folds a whole session. */
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
      if (!should) return is === null ? null : 'the Session is gone, but the reader still has it';
      if (is?.connection !== 'LIVE') return `the connection is ${is?.connection ?? 'unknown'}, not LIVE`;
      return is.key === should.key ? null : `the reader has version ${is.key}, not ${should.key}`;
    },
  };
}

/** Folds the counts of a session. */
export function foldCounts(session: string): Fold {
  let last: string | null = null;

  return {
    cursor: null,
    begin() {},
    take({ session: now }: { readonly session: Counts | null }) {
      const text = now === null ? 'GONE' : `${now.connection.state} ${toCountsText(now.counts)}`;
      if (text === last) throw new Error(`S6: a payload without a change: ${text}`);
      last = text;
      return WHOLE;
    },
    differsFrom({ newest }) {
      const version = newest[session];
      const text = version ? `LIVE ${version.counts}` : 'GONE';
      return text === last ? null : `the reader has ${last}, not ${text}`;
    },
  };
}

/** Every payload is complete. */
const WHOLE: PayloadInfo = { reset: false, conflated: 0 };

function sumOf(targets: readonly TargetData[]): number {
  return targets.reduce((sum, target) => addFingerprint(sum, fingerprint(toComparedTarget(target))), 0);
}
