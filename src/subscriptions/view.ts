import type { Sizes } from '../graphql/sizes.js';
import type { SessionId } from '../model/session.js';
import type { Revision } from '../store/journal.js';
import type { SessionRecord } from '../store/record.js';

/** Where a payload stands in its stream. */
export interface Position {
  readonly cursor: string;
  /** Whether the payload is everything, and what came before is to be forgotten. */
  readonly reset: boolean;
  /** How many updates were folded into it; 0 when it is of one. */
  readonly conflated: number;
  /** See {@link LiveEvent}. */
  readonly sharedAs: string | null;
}

/** What a subscription's source gives: the root value a payload is executed on, and where it stands. */
export interface LiveEvent {
  readonly cursor: string;
  /** Whether it is sent only if the client's selection came out different from the last payload's (S6). */
  readonly onlyIfDifferent: boolean;
  /**
   * Readers of one view get an equal event under this name, and need it executed only once: that of one update, or the
   * snapshot at one cursor. Null for what one slow reader alone has missed.
   */
  readonly sharedAs: string | null;
  /** Whether it tells everything as it is. */
  readonly isSnapshot: boolean;
  /** About how many Sessions, targets and changes it is about. */
  readonly items: number;
  /** What these hold, to tell what a payload costs. */
  sizes(): Sizes;
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
  /** The one Session that matters to it; undefined where any may. */
  readonly only: SessionId | undefined;
  /** Whether a revision matters to it at all. Called for every revision, or every one of `only`: cheap. */
  wants(revision: Revision): boolean;
  /** Everything as it is in this tick. */
  snapshot(position: Position): E;
  /** What the folds, one per Session, changed; null when they come to nothing. */
  changes(folds: readonly Fold[], position: Position): E | null;
}
