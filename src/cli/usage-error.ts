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
