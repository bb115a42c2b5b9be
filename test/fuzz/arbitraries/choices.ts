import fc from 'fast-check';

/** Choices that are read off a tape, so that what fails can be made smaller. After the end of the tape each is the first. */
export interface Choices {
  /** Whether the tape has ended. */
  readonly isOver: boolean;
  /** A whole number from 0 to `count - 1`. */
  choose(count: number): number;
  pick<T>(from: readonly T[]): T;
}

/** A tape of up to `length` choices. Without `size` the tapes of fast-check have about ten. */
export function tapes(length: number): fc.Arbitrary<readonly number[]> {
  return fc.array(fc.nat(9_999), { maxLength: length, size: 'max' });
}

/** Reads choices off a tape, from its beginning. */
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
