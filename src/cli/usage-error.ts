import { readFile } from 'node:fs/promises';
import { codeOf } from '../lib/errors.js';
import { ProviderError } from '../providers/provider.js';

/**
 * Invalid command line; the command exits with code 2. `message` is one line with the option, the value that
 * was given and the value that was expected.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Calls a function. Turns its {@link ProviderError} into a {@link UsageError}.
 *
 * @param where start of the message, such as the name of the option
 */
export async function orUsageError<T>(call: () => Promise<T>, where = ''): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw error instanceof ProviderError ? new UsageError(where + error.message) : error;
  }
}

/**
 * Reads a file that the command line names. Throws a {@link UsageError} when it cannot be read.
 *
 * @param where the option and its value, such as `--file query.graphql`
 */
export async function readTextFile(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${where}: cannot read the file (${codeOf(error)})`);
  }
}
