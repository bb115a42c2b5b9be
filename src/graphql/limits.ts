/** What a document may ask for at most. */
export interface QueryLimits {
  /** Words and signs of its text, before it is parsed any further. */
  readonly tokens: number;
  /** Fields inside fields, fragments spread out; introspection aside. */
  readonly depth: number;
  /** Fields given another name: each can ask for the same thing again. */
  readonly aliases: number;
  /** `@include`, `@skip`. */
  readonly directives: number;
  /** Fields of its answer, as if each list were as long as it may be, or held {@link ASSUMED_LENGTH}. */
  readonly complexity: number;
}

/** A board's query of all that 100 Sessions are doing, with their history, has 200 tokens, 6 levels and 60,000 fields. */
export const DEFAULT_QUERY_LIMITS: QueryLimits = {
  tokens: 5_000,
  depth: 16,
  aliases: 50,
  directives: 50,
  complexity: 1_000_000,
};

/** How long a list is taken to be whose length the query does not say. */
export const ASSUMED_LENGTH = 10;

/** The codes of a GraphQL error's extensions for a document that asks for too much. */
export const LIMIT_CODES = {
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  directives: 'TOO_MANY_DIRECTIVES',
  complexity: 'QUERY_TOO_COMPLEX',
} as const satisfies Record<keyof QueryLimits, string>;
