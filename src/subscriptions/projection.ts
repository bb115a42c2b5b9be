import type { Sizes } from '../graphql/sizes.js';
import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import type { SessionRecord } from '../store/record.js';
import type { ReadableStore } from '../store/scoped.js';

/** Position of a payload in its stream. */
export interface Position {
  readonly cursor: string;
  /** Whether the payload is complete, so that the client drops what it holds. */
  readonly reset: boolean;
  /** Number of updates that were merged into the payload; 0 if it is a single update. */
  readonly conflated: number;
  /** See {@link SourceEvent}. */
  readonly cacheKey: string | null;
}

/** Root value that a payload is executed on, and its position. */
export interface SourceEvent {
  readonly cursor: string;
  /** Whether a payload that equals the reader's last one is left out (S6). */
  readonly onlyIfDifferent: boolean;
  /**
   * Equal for equal events of a group, which are executed once: those of one update, and snapshots at one
   * revision, and merged updates of the same revisions. Null for a connection resync.
   */
  readonly cacheKey: string | null;
  readonly isSnapshot: boolean;
  /** Approximate number of Sessions, targets and changes in the event. */
  readonly items: number;
  /** Sizes of what these hold, from which the cost of a payload follows. */
  sizes(): Sizes;
}

/** Effect of one or more consecutive updates on one Session. */
export interface MergedUpdate {
  readonly before: SessionRecord | null;
  readonly after: SessionRecord | null;
  /** The revision, if it is a single one: its changes are computed already. */
  readonly revision: Revision | null;
  /** Number of the newest revision. */
  readonly number: number;
  /** Number of the revision before the oldest one; see `Revision.since`. */
  readonly since: number | undefined;
  /** Whether one of the updates is a connection resync: the reader may hold another state than `before`. */
  readonly isResync: boolean;
}

/** Source of the updates of a group: a store, or a log, whose updates are no changes of Sessions. */
export type UpdateSource = Pick<ReadableStore, 'revision' | 'cursor' | 'cursorOf' | 'since' | 'subscribe'>;

/** Creates the effect of a single update. */
export function toMergedUpdate(revision: Revision): MergedUpdate {
  const { number, before, after, since, isResync = false } = revision;
  return { before, after, revision, number, since, isResync };
}

/** The part of the store that a subscription shows, as events. */
export interface Projection<E extends SourceEvent> {
  /** The Session that it is limited to; undefined for all, and if it may become another one. */
  readonly sessionId: SessionId | undefined;
  /** Whether it shows a set of Sessions. Otherwise it shows one, and may switch to another one. */
  readonly showsSet: boolean;
  /**
   * Whether it has switched to another Session at a revision of this number or a later one. Default: it does
   * not switch, or its updates tell.
   */
  hasSwitchedSince?(number: number): boolean;
  /** Whether a Session may concern it, by its id. Default: all. */
  readonly concerns?: ((id: SessionId) => boolean) | undefined;
  /**
   * Whether a revision may concern it. Called for every revision, or every one of {@link sessionId}: has to
   * be cheap.
   */
  matches(revision: Revision): boolean;
  /**
   * Whether missed revisions lead a reader that resumes to the present state. Otherwise it is sent the
   * complete state. Default: they do.
   */
  isComplete?(missed: readonly Revision[]): boolean;
  /** Creates the event of the complete state in this tick. */
  snapshot(position: Position): E;
  /** Creates the event of some updates, one entry per Session. Returns null if nothing is left of them. */
  changes(updates: readonly MergedUpdate[], position: Position): E | null;
}

/** Creates the event of the complete state in this tick, which replaces `conflated` updates. */
export function snapshotEvent<E extends SourceEvent>(
  projection: Projection<E>,
  store: UpdateSource,
  conflated = 0,
): E {
  const cursor = store.cursor();
  // Not the cursor: revisions that change only the connection may have the cursor of the previous revision.
  const cacheKey = `snapshot ${store.revision} ${conflated}`;
  return projection.snapshot({ cursor, reset: true, conflated, cacheKey });
}

/** Creates the event of one update. Returns null if nothing is left of it. */
export function updateEvent<E extends SourceEvent>(
  projection: Projection<E>,
  store: UpdateSource,
  revision: Revision,
): E | null {
  const cursor = store.cursorOf(revision.number);
  const cacheKey = revision.isResync ? null : String(revision.number);
  return projection.changes([toMergedUpdate(revision)], { cursor, reset: false, conflated: 0, cacheKey });
}
