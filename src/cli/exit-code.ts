/** The exit codes of commands that ask a gateway. */
export const EXIT = {
  ok: 0,
  /** The answer is no: what was waited for has failed, or GraphQL refused the document. */
  failed: 1,
  /** A mistake on the command line, also one that shows only later: `wait --for done` on a `tilt up`. */
  usage: 2,
  /** There is no answer: the gateway cannot be reached, or does not know. */
  unknown: 3,
  /** It took too long; as `timeout(1)` has it. */
  timeout: 124,
} as const;
