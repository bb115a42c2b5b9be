/** Why there is no tracing though it was asked for: `message` is one line that says what to do. */
export class TracingError extends Error {
  override readonly name = 'TracingError';

  constructor(
    /** `missing`: packages are not installed. `config`: a variable has no sense. */
    readonly code: 'missing' | 'config',
    message: string,
  ) {
    super(message);
  }
}
