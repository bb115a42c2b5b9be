import { readFile } from 'node:fs/promises';
import { codeOf } from '../lib/errors.js';
import { ProviderError } from '../providers/provider.js';

/** A mistake on the command line, shown with exit code 2. `message` is one line: which argument, what was expected, what came. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * What `look` gives; what a provider says against the set-up becomes a usage error.
 *
 * @param where to be said in front, such as the option's name
 */
export async function orUsageError<T>(look: () => Promise<T>, where = ''): Promise<T> {
  try {
    return await look();
  } catch (error) {
    throw error instanceof ProviderError ? new UsageError(where + error.message) : error;
  }
}

/**
 * Reads a file that the command line names. Throws a UsageError when it cannot be read.
 *
 * @param where the option and its value, such as `--file query.graphql`
 */
export async function readTextFile(path: string, where: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${where}: it cannot be read (${codeOf(error)})`);
  }
}
