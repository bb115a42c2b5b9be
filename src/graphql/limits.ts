/** Limits of an operation: of its document, its variables, and its answer. */
export interface QueryLimits {
  /** Tokens of the document, counted before it is parsed any further. */
  readonly tokens: number;
  /** Levels of fields, with fragments spread out; `__schema` aside. */
  readonly depth: number;
  /** Fields with an alias: each can ask for the same thing again. */
  readonly aliases: number;
  /** Directives anywhere in the document, such as `@include` and `@skip`. */
  readonly directives: number;
  /** Characters of a text in an argument or a variable, such as a glob or an id. */
  readonly textLength: number;
  /** Entries of a list in an argument or a variable, such as names of resources or representations of entities. */
  readonly listLength: number;
  /** Fields of the answer, with each list as long as it is in the store at that moment, and the work of filters. */
  readonly complexity: number;
  /** Bytes of an answer, and of a subscription's payload, as JSON. */
  readonly answerBytes: number;
}

/** Limits of large operations, those of more than 10,000 fields or a mebibyte, of all clients together. */
export interface LargeLimits {
  /** Bytes of large answers that are written and not sent yet. More operations wait until there is room. */
  readonly unsentBytes: number;
  /** Large operations that wait for their turn, each of another connection. */
  readonly waitingOperations: number;
}

/** A board's query of everything that 200 Sessions of 100 targets are doing, with their history, has 720,000 fields and 18 MB. */
export const DEFAULT_QUERY_LIMITS: QueryLimits = {
  tokens: 5_000,
  depth: 16,
  aliases: 50,
  directives: 50,
  textLength: 4_096,
  listLength: 1_000,
  complexity: 1_000_000,
  answerBytes: 32 * 2 ** 20,
};

/** Room for six answers of 18 MB. With 32 that wait, the last one begins after some 40 s: proxies commonly wait for 60. */
export const DEFAULT_LARGE_LIMITS: LargeLimits = { unsentBytes: 128 * 2 ** 20, waitingOperations: 32 };

/** The codes of a GraphQL error's extensions for an operation above a limit. */
export const LIMIT_CODES = {
  tokens: 'TOO_MANY_TOKENS',
  depth: 'QUERY_TOO_DEEP',
  aliases: 'TOO_MANY_ALIASES',
  directives: 'TOO_MANY_DIRECTIVES',
  textLength: 'TEXT_TOO_LONG',
  listLength: 'LIST_TOO_LONG',
  complexity: 'QUERY_TOO_COMPLEX',
  answerBytes: 'ANSWER_TOO_LARGE',
} as const satisfies Record<keyof QueryLimits, string>;
