/** A part of a text, from its start to the index after its end. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Range that a sticky expression matches at an index; empty without a match. */
export function matchFrom(sticky: RegExp, text: string, start: number): Range {
  sticky.lastIndex = start;
  return { start, end: start + (sticky.exec(text)?.[0].length ?? 0) };
}
