import type { ModelState } from '../model/model-state.js';

/**
 * Compares the state after a payload with the model, now or when its version is known. `what` names the
 * compared value.
 */
export type Compare = (key: string, what: string, value: string) => void;

/** Reset and conflation of a payload. */
export interface PayloadInfo {
  readonly reset: boolean;
  readonly conflated: number;
}

/** State of a reader, built from its payloads. */
export interface Fold {
  /** Newest cursor; null before the first payload and for subscriptions without cursors. */
  readonly cursor: string | null;
  /** Starts a subscription that continues this fold, from the cursor if there is one. */
  begin(): void;
  /**
   * Applies a payload. Throws if it breaks a guarantee. The data is `never` because only the fold and its
   * subscription know the type.
   */
  take(data: never): PayloadInfo;
  /** Describes the difference from the model; null if there is no difference. */
  differsFrom(model: ModelState): string | null;
}

/** Fields that all payloads of changes share. */
export interface Position {
  readonly cursor: string;
  readonly reset: boolean;
  readonly conflated: number;
}

/** Checks the positions of a stream's payloads. */
export interface Positions {
  readonly cursor: string | null;
  begin(): void;
  /** Throws if the cursor goes back, the first payload is no snapshot (S1), or a later payload is a reset. */
  take(position: Position): void;
}

/** Creates a check without a position. */
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
      if (cursor === null && !reset) throw new Error('S1: the first payload is not a snapshot');
      if (reset && !isFirst) throw new Error('S4: a reset after the first payload');
      if (cursor !== null && isBefore(position, cursor)) {
        throw new Error(`S4: the cursor went from ${cursor} to ${position.cursor}`);
      }
      isFirst = false;
      cursor = position.cursor;
    },
  };
}

/**
 * Whether the cursor does not advance. A reset may repeat the reader's cursor when that was too old to resume
 * from.
 */
function isBefore({ cursor, reset }: Position, last: string): boolean {
  return reset ? parseNumber(cursor) < parseNumber(last) : parseNumber(cursor) <= parseNumber(last);
}

function parseNumber(cursor: string): number {
  return Number(cursor.slice(cursor.lastIndexOf('-') + 1));
}

/** Throws if a change contradicts the reader's state (S3). */
export function checkChange(type: string, name: string, isHeld: boolean): void {
  if ((type === 'ADDED') === isHeld) {
    throw new Error(`S3: ${type} for ${name}, which the reader ${isHeld ? 'already has' : 'does not have'}`);
  }
}
