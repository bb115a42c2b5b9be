import type { TargetExcerpt } from './log.js';
import type { MicroTime } from './micro-time.js';

/**
 * What Tilt's API says about a Session beyond the Session itself. Its objects arrive before or after the
 * Session that they belong to, up to a second apart.
 */
export interface SessionFacts {
  /** The Tiltfile resources (kind `UIResource`), sorted by name. Null if they are not known. */
  readonly resources: readonly ResourceFacts[] | null;
  /** The Kubernetes cluster (kind `Cluster`, named `default`). Null if it is not known. */
  readonly cluster: ClusterFacts | null;
  /** Address of Tilt's own UI, without a slash at its end: `http://localhost:10350`. Null if not known. */
  readonly webUrl: string | null;
  /** The last log lines of failed targets, sorted by target. Default: logs are not read. */
  readonly excerpts?: readonly TargetExcerpt[];
}

/** A `UIResource`: one resource of the Tiltfile. */
export interface ResourceFacts {
  /** Name in the Tiltfile; `(Tiltfile)` for the Tiltfile itself. */
  readonly name: string;
  /** Labels that the Tiltfile gives it: the groups of Tilt's UI. Sorted. */
  readonly labels: readonly string[];
  readonly links: readonly ResourceLink[];
  readonly kind: 'local' | 'kubernetes' | 'compose' | 'tiltfile' | 'unknown';
  readonly triggerMode: TriggerMode;
  /** Whether files changed since its last update. */
  readonly hasPendingChanges: boolean;
  /** Whether it was triggered and waits for its turn. */
  readonly queued: boolean;
  /** Whether Tilt runs an update of it, or is going to. Default: false. */
  readonly isUpdating?: true;
  /**
   * The last update that ended, of a resource with a manual trigger mode; null if none has. Default: it is
   * not known.
   */
  readonly lastUpdate?: UpdateResult | null;
  readonly isDisabled: boolean;
  readonly conditions: readonly ResourceCondition[];
  /** The first objects that it waits for, as Tilt names them, at most 32. May include the resource itself. */
  readonly waitingOn: readonly ObjectReference[];
  /** Position in Tilt's UI. Null until Tilt has set it. */
  readonly order: number | null;
}

/** An update of a resource that has ended. */
export interface UpdateResult {
  readonly startTime: MicroTime | null;
  readonly finishTime: MicroTime | null;
  /** Why it failed, never empty; null if it succeeded. */
  readonly error: string | null;
}

/** Whether Tilt starts a resource by itself: at first, and when its files change. */
export type TriggerMode =
  /** At first and after changes. */
  | 'auto'
  /** At first only (`trigger_mode=TRIGGER_MODE_MANUAL`). */
  | 'manual-with-auto-init'
  /** Never. */
  | 'manual'
  /** After changes only (`auto_init=False`). */
  | 'auto-with-manual-init'
  | 'unknown';

/** Whether a resource runs after changes only when a person triggers it. */
export function isManual(mode: TriggerMode): boolean {
  return mode === 'manual' || mode === 'manual-with-auto-init';
}

/** An endpoint of a resource. */
export interface ResourceLink {
  readonly url: string;
  readonly name: string | null;
}

/** A condition of a resource, by which Tilt's UI and `tilt wait` go. */
export interface ResourceCondition {
  readonly type: 'ready' | 'up-to-date' | 'unknown';
  readonly typeText: string;
  readonly status: boolean;
  /** Why it does not hold: `UpdatePending`, `RuntimeError`, … Null without a reason. */
  readonly reason: string | null;
}

/** An object of Tilt's API, by kind and name. */
export interface ObjectReference {
  readonly kind: string;
  readonly name: string;
}

/** The `Cluster` named `default`. */
export interface ClusterFacts {
  /** Why it cannot be reached; null if it can. */
  readonly error: string | null;
}

/** Facts of which nothing is known. */
export const NO_FACTS: SessionFacts = { resources: null, cluster: null, webUrl: null };
