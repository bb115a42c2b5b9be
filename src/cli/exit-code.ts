/** The exit codes of commands that ask a gateway; 2 is a mistake on the command line, as everywhere. */
export const EXIT = {
  ok: 0,
  /** The answer is no: what was waited for has failed, or GraphQL refused the document. */
  failed: 1,
  /** There is no answer: the gateway cannot be reached, or does not know. */
  unknown: 3,
  /** It took too long; as `timeout(1)` has it. */
  timeout: 124,
} as const;
