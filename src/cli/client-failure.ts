import { ClientError } from '../client/client.js';
import { EXIT } from './exit-code.js';
import { terminalText } from './terminal-text.js';

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
