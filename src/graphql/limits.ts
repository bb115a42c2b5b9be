/** Limits of an operation: of its document, its variables and its answer. */
export interface QueryLimits {
  /** Tokens of the document, counted while it is parsed. */
  readonly tokens: number;
  /** Levels of fields, including those of fragments; without `__schema`. */
  readonly depth: number;
  /** Fields with an alias: each can repeat another field. */
  readonly aliases: number;
  /** Directives anywhere in the document, such as `@include` and `@skip`. */
  readonly directives: number;
  /** Characters of a text in an argument or a variable, such as a glob or an id. */
  readonly stringLength: number;
  /**
   * Entries of a list in an argument or a variable, such as names of resources or representations of
   * entities.
   */
  readonly listLength: number;
  /** Fields of the answer, with the current lengths of lists in the store, and the work of filters. */
  readonly complexity: number;
  /** Bytes of an answer, and of a subscription's payload, as JSON. */
  readonly responseBytes: number;
}

/** Limits of large operations, those of more than 10,000 fields or a mebibyte, of all clients together. */
export interface LargeLimits {
  /** Bytes of large answers that are serialised and not sent yet. Further operations wait for room. */
  readonly unsentBytes: number;
  /** Queued large operations, one per connection. */
  readonly queuedOperations: number;
}

/**
 * graphql-js compares each field and each fragment of a document with the others, which takes 130 ms for
 * 5,000 tokens and 70 ms for 3,000. All documents of our client together have 607 tokens.
 *
 * A query of all states and histories of 200 Sessions with 100 targets each has 720,000 fields and 18 MB. */
export const DEFAULT_QUERY_LIMITS: QueryLimits = {
  tokens: 3_000,
  depth: 16,
  aliases: 50,
  directives: 50,
  stringLength: 4_096,
  listLength: 1_000,
  complexity: 1_000_000,
  responseBytes: 32 * 2 ** 20,
};

/**
 * Room for six answers of 18 MB. The last of 32 queued ones starts after some 40 s: proxies commonly time out
 * after 60 s.
 */
export const DEFAULT_LARGE_LIMITS: LargeLimits = { unsentBytes: 128 * 2 ** 20, queuedOperations: 32 };

/** `extensions.code` of the error for each limit. */
export const LIMIT_CODES = {
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  directives: 'TOO_MANY_DIRECTIVES',
  stringLength: 'STRING_TOO_LONG',
  listLength: 'LIST_TOO_LONG',
  complexity: 'QUERY_TOO_COMPLEX',
  responseBytes: 'RESPONSE_TOO_LARGE',
} as const satisfies Record<keyof QueryLimits, string>;
