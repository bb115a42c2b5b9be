/** A field that is not what `tilt.dev/v1alpha1` says, in one line: `status.targets[3].state: expected …, got …`. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** From the object's root to the field: `status.targets[3].state`. Empty for the object itself. */
  readonly path: string;

  constructor(
    readonly expected: string,
    readonly got: unknown,
    private readonly keys: readonly (string | number)[] = [],
  ) {
    const path = pathOf(keys);
    super(`${path === '' ? 'Session' : path}: expected ${expected}, got ${describe(got)}`);
    this.path = path;
  }

  /** The same error seen from one level further out. */
  within(key: string | number): DecodeError {
    return new DecodeError(this.expected, this.got, [key, ...this.keys]);
  }
}

function pathOf(keys: readonly (string | number)[]): string {
  return keys.map(step).join('').replace(/^\./, '');
}

function step(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`;
  return /^[A-Za-z_]\w{0,59}$/.test(key) ? `.${key}` : `[${quote(key)}]`;
}

/** What came, short enough for one line. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return quote(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}

/** A text as JSON writes it, cut short, and without the line breaks and controls that JSON lets through. */
function quote(text: string): string {
  const start = text.length > 60 ? `${text.slice(0, 59)}…` : text;
  return JSON.stringify(start).replace(/[\u007f-\u009f\u2028\u2029]/g, '\ufffd');
}
