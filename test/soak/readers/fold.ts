import type { Truth } from '../model/truth.js';

/** Compares what a payload led to with what was true at that version, sooner or later. `what` names the thing compared. */
export type Compare = (key: string, what: string, value: string) => void;

/** What a payload was, beside its changes. */
export interface Taken {
  readonly reset: boolean;
  readonly conflated: number;
}

/** What a reader holds by its payloads. */
export interface Fold {
  /** The cursor last seen; null before the first, and where there are none. */
  readonly cursor: string | null;
  /** A subscription begins that is to be folded into what is held: from the cursor, if there is one. */
  begin(): void;
  /**
   * Takes a payload's data. Throws where it breaks a guarantee. `never`: what the data is like is the business of the fold
   * and of the subscription that it is of.
   */
  take(data: never): Taken;
  /** In what it differs from the truth; null when it does not. */
  differsFrom(truth: Truth): string | null;
}

/** What of every payload of changes is alike. */
export interface Position {
  readonly cursor: string;
  readonly reset: boolean;
  readonly conflated: number;
}

/** Follows the positions of a stream's payloads. */
export interface Positions {
  readonly cursor: string | null;
  begin(): void;
  /** Throws where the stream goes back, starts otherwise than with everything (S1), or resets in between. */
  take(position: Position): void;
}

/** None has come. */
export function createPositions(): Positions {
  let cursor: string | null = null;
  let isFirst = true;

  return {
    get cursor() {
      return cursor;
    },
    begin() {
      isFirst = true;
    },
    take(position) {
      const { reset } = position;
      if (cursor === null && !reset) throw new Error('S1: the first payload is not everything');
      if (reset && !isFirst) throw new Error('S4: a reset in between');
      if (cursor !== null && isBefore(position, cursor)) {
        throw new Error(`S4: the cursor went from ${cursor} to ${position.cursor}`);
      }
      isFirst = false;
      cursor = position.cursor;
    },
  };
}

/** A reset may be at the cursor that the reader had already, when that was too old to go on from. */
function isBefore({ cursor, reset }: Position, last: string): boolean {
  return reset ? numberOf(cursor) < numberOf(last) : numberOf(cursor) <= numberOf(last);
}

function numberOf(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf('-') + 1));
}

/** Throws where a change does not fit what is held (S3). */
export function checkFits(type: string, name: string, isHeld: boolean): void {
  if ((type === 'ADDED') === isHeld) {
    throw new Error(`S3: ${name} is ${type}, which the reader ${isHeld ? 'has' : 'does not have'}`);
  }
}
