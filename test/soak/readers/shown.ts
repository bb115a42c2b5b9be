import type { ShownTarget } from '../model/target-print.js';
import { countsText, versionKey } from '../model/truth.js';

/** What is selected of a target. */
export const TARGET_FIELDS = `name type phase state {
  ... on TargetStateWaiting { waitReason }
  ... on TargetStateActive { startTime lastReadyTime }
  ... on TargetStateTerminated { startTime finishTime error }
}`;

/** What is selected of counts. */
export const COUNT_FIELDS = 'counts { inactive disabled waiting running ready succeeded failed retrying }';

/** What is selected of a Session to know its version. */
export const VERSION_FIELDS = 'metadata { uid resourceVersion } connection { state }';

/** See {@link TARGET_FIELDS}. */
export interface TargetData {
  readonly name: string;
  readonly type: string;
  readonly phase: string;
  readonly state: {
    readonly waitReason?: string;
    readonly startTime?: string;
    readonly lastReadyTime?: string | null;
    readonly finishTime?: string;
    readonly error?: string | null;
  } | null;
}

/** See {@link VERSION_FIELDS}. */
export interface VersionData {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
  readonly connection: { readonly state: string };
}

/** See {@link COUNT_FIELDS}. */
export type CountsData = Readonly<Record<string, number>>;

/** The target as it is compared. */
export function shownTarget({ name, type, phase, state }: TargetData): ShownTarget {
  const stamp =
    state?.waitReason ?? state?.error ?? state?.lastReadyTime ?? state?.finishTime ?? state?.startTime ?? '';
  return { name, type, phase, stamp };
}

/** The counts as they are compared. */
export function shownCounts(counts: CountsData): string {
  return countsText((phase) => counts[phase.toLowerCase()] ?? Number.NaN);
}

/** Follows the versions of one Session. */
export interface Versions {
  /** Of the newest payload; null when there is no such Session. */
  readonly newest: { readonly key: string; readonly connection: string } | null;
  /** Gives the version's key. Throws where it is older than the one before. */
  take(session: VersionData): string;
  clear(): void;
}

/** None has come. */
export function createVersions(): Versions {
  let newest: Versions['newest'] = null;
  let last: VersionData['metadata'] | null = null;

  return {
    get newest() {
      return newest;
    },
    take({ metadata, connection }) {
      if (last?.uid === metadata.uid && Number(metadata.resourceVersion) < Number(last.resourceVersion)) {
        throw new Error(`S5: version ${metadata.resourceVersion} after ${last.resourceVersion}`);
      }
      last = metadata;
      newest = { key: versionKey(metadata), connection: connection.state };
      return newest.key;
    },
    clear() {
      newest = null;
    },
  };
}
