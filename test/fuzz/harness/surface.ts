import type fc from 'fast-check';
import type { Gateways } from '../gateway/gateways.js';
import { type SearchOptions, type SearchResult, search } from './search.js';

/** A place where input comes in, and what must hold there whatever comes. */
export interface SurfaceDefinition<T> {
  readonly name: string;
  /** How many of 1,000 inputs go here in a long run. */
  readonly share: number;
  /** A case: one input, or several that belong together, such as the messages of one connection. */
  readonly arbitrary: fc.Arbitrary<T>;
  /** How many inputs a case holds. */
  count(input: T): number;
  /** Feeds a case to the real thing. Throws when something is not as it must be. */
  check(input: T, gateways: Gateways): Promise<void> | void;
}

/** A surface, with the search for a case that fails. */
export interface Surface<T> extends SurfaceDefinition<T> {
  search(options: SearchOptions): Promise<SearchResult>;
}

/** A surface of whatever kind of input. */
export type AnySurface = Pick<Surface<never>, 'name' | 'share' | 'search'>;

/** Makes a surface that can be searched. */
export function defineSurface<T>(definition: SurfaceDefinition<T>): Surface<T> {
  return { ...definition, search: (options) => search(definition, options) };
}
