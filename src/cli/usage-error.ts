/** A mistake on the command line, shown with exit code 2. `message` is one line: which argument, what was expected, what came. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
