import type { Revision } from '../store/journal.js';
import type { SessionRecord } from '../store/record.js';

/** Where a payload stands in its stream. */
export interface Position {
  readonly cursor: string;
  /** Whether the payload is everything, and what came before is to be forgotten. */
  readonly reset: boolean;
  /** How many updates were folded into it; 0 when it is of one. */
  readonly conflated: number;
}

/** What a subscription's source gives: the root value a payload is executed on, and where it stands. */
export interface LiveEvent {
  readonly cursor: string;
  /** Whether it is sent only if the client's selection came out different from the last payload's (S6). */
  readonly onlyIfDifferent: boolean;
}

/** What one or more updates in a row did to one Session. */
export interface Fold {
  readonly before: SessionRecord | null;
  readonly after: SessionRecord | null;
  /** The revision, when it is just one: its changes are worked out already. */
  readonly revision: Revision | null;
}

/** What a subscription shows of the store. */
export interface View<E extends LiveEvent> {
  /** Whether a revision matters to it at all. Called for every revision of the store: cheap. */
  wants(revision: Revision): boolean;
  /** Everything as it is in this tick. */
  snapshot(position: Position): E;
  /** What the folds, one per Session, changed; null when they come to nothing. */
  changes(folds: readonly Fold[], position: Position): E | null;
}

/** Whether what a source gave is an event of ours. */
export function isLiveEvent(value: unknown): value is LiveEvent {
  return typeof value === 'object' && value !== null && 'cursor' in value && 'onlyIfDifferent' in value;
}
