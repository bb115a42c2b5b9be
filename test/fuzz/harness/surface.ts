import type fc from 'fast-check';
import type { Gateways } from '../gateway/gateways.js';
import { type SearchOptions, type SearchResult, search } from './search.js';

/** An input of the gateway with its invariants. */
export interface SurfaceDefinition<T> {
  readonly name: string;
  /** Share of this surface, per 1,000 inputs of a long run. */
  readonly share: number;
  /** A case: one input, or several that belong together, such as the messages of a connection. */
  readonly arbitrary: fc.Arbitrary<T>;
  /** Number of inputs in a case. */
  count(input: T): number;
  /** Feeds a case to the tested code. Throws if an invariant is violated. */
  check(input: T, gateways: Gateways): Promise<void> | void;
}

/** A surface with its search. */
export interface Surface<T> extends SurfaceDefinition<T> {
  search(options: SearchOptions): Promise<SearchResult>;
}

/** A surface with any type of input. */
export type AnySurface = Pick<Surface<never>, 'name' | 'share' | 'search'>;

/** Creates a searchable surface. */
export function defineSurface<T>(definition: SurfaceDefinition<T>): Surface<T> {
  return { ...definition, search: (options) => search(definition, options) };
}
