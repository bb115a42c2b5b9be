import { ClientError } from '../client/client.js';
import { terminalText } from './safe-text.js';

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

/**
 * Says in one line for each error why a gateway gave no answer, and gives the exit code for it: 1 when GraphQL refused the
 * document, 3 when the gateway could not be asked. Throws anything else again.
 */
export function clientFailure(error: unknown, stderr: Pick<NodeJS.WriteStream, 'write'>): number {
  if (!(error instanceof ClientError)) throw error;
  const messages = error.errors?.map(({ message }) => message) ?? [];
  for (const message of messages.length > 0 ? messages : [error.message]) {
    stderr.write(`tilt-graphql: ${terminalText(message)}\n`);
  }
  return error.code === 'GRAPHQL' ? EXIT.failed : EXIT.unknown;
}
