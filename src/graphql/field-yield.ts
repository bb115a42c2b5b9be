import type { ReadableStore } from '../store/scoped.js';
import type { IntrospectionSizes } from './introspection-sizes.js';
import type { Sizes } from './sizes.js';

/** Objects that a selection is executed on. */
export interface Population {
  /** Number of objects. */
  readonly count: number;
  /** Sizes of the Sessions that they belong to, in total. */
  readonly sizes: Sizes;
  /**
   * Whether any of them may occur several times: all may be the one with the longest lists. Default: each
   * occurs once, so that their lists are in total as long as {@link sizes}.
   */
  readonly isRepeated?: boolean;
}

/**
 * Result of a field: the objects beneath it, and the cost of finding them in addition to the field itself.
 */
export interface Yield extends Population {
  readonly work?: number;
}

/** Input for the size of a field's result. */
export interface FieldSource {
  readonly store: ReadableStore;
  readonly args: Readonly<Record<string, unknown>>;
  /** Objects that have the field. */
  readonly parent: Population;
  readonly introspection: IntrospectionSizes;
}

/** Size of a field's result, by the name of the field: `<type>.<name>`. */
export type SizeRule = readonly [field: string, rule: (source: FieldSource) => Yield];

/** Cost of counting a target by phase or resource, and of looking up one of its resources. */
export const COUNTING = 1 / 8;

/** Cost of resolving an entity reference, which is checked and looked up by the parts of its id. */
export const LOOKUP = 10;
