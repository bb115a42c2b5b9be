import fc from 'fast-check';

/**
 * Random choices read from a tape of numbers, so that fast-check can shrink a failing case. After the end of
 * the tape every choice is the first option.
 */
export interface Choices {
  /** Whether the tape has ended. */
  readonly isOver: boolean;
  /** Returns an integer from 0 to `count - 1`. */
  choose(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/** Tapes of up to `length` choices. Without `size`, fast-check generates tapes of about ten. */
export function tapes(length: number): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.nat(9_999), { maxLength: length, size: 'max' });
}

/** Reads choices from the start of a tape. */
export function createChoices(tape: readonly number[]): Choices {
  let at = 0;
  return {
    get isOver() {
      return at >= tape.length;
    },
    choose,
    pick<T>(from: readonly T[]): T {
      const picked = from[choose(from.length)];
      if (picked === undefined) throw new Error('Expected something to choose from.');
      return picked;
    },
  };

  function choose(count: number): number {
    const choice = tape[at] ?? 0;
    at += 1;
    return choice % Math.max(count, 1);
  }
}
