import { GraphQLError } from 'graphql';

/** An error that is the client's to mend, with the code `BAD_USER_INPUT`. `message` is one line: what came, what was expected. */
export function badInput(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}
