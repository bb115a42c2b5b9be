import type { ComparedTarget } from '../model/fingerprint.js';
import { countsText, versionKey } from '../model/model-state.js';

/** Selected fields of a target. */
export const TARGET_FIELDS = `name type phase state {
  ... on TargetStateWaiting { waitReason }
  ... on TargetStateActive { startTime lastReadyTime }
  ... on TargetStateTerminated { startTime finishTime error }
}`;

/** Selected counts. */
export const COUNT_FIELDS = 'counts { inactive disabled waiting running ready succeeded failed retrying }';

/** Selected fields that identify a session's version. */
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

/** Reduces a target to the compared properties. */
export function toComparedTarget({ name, type, phase, state }: TargetData): ComparedTarget {
  const detail =
    state?.waitReason ?? state?.error ?? state?.lastReadyTime ?? state?.finishTime ?? state?.startTime ?? '';
  return { name, type, phase, detail };
}

/** Converts counts to the compared text. */
export function toCountsText(counts: CountsData): string {
  return countsText((phase) => counts[phase.toLowerCase()] ?? Number.NaN);
}

/** Tracks the versions of a session. */
export interface Versions {
  /** Version of the newest payload; null if the session does not exist. */
  readonly newest: { readonly key: string; readonly connection: string } | null;
  /** Records a version and returns its key. Throws if it is older than the previous one. */
  take(session: VersionData): string;
  clear(): void;
}

/** Creates a tracker without a version. */
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
