import { isRecord } from '../../lib/is-record.js';
import { ProviderError } from '../provider.js';

/** A value in a decoded file that knows where it stands, so that an error can name it: `users[2].user.token`. */
export interface Field {
  readonly file: string;
  /** From the file's root; empty for the root itself. */
  readonly path: string;
  readonly value: unknown;
}

/** A member of an object; absent and null are one. Throws a {@link ProviderError} when the field is no object. */
export function member(field: Field, key: string): Field {
  const { file, path, value } = field;
  if (!isRecord(value)) throw unexpected(field, 'a mapping');
  return { file, path: path === '' ? key : `${path}.${key}`, value: value[key] ?? null };
}

/** Whether a mapping has a key, be its value null. */
export function has({ value }: Field, key: string): boolean {
  return isRecord(value) && Object.hasOwn(value, key);
}

/** The items of a list; none when it is absent or null. */
export function items(field: Field): Field[] {
  const { file, path, value } = field;
  if (value === null) return [];
  if (!Array.isArray(value)) throw unexpected(field, 'a list');
  return value.map((item: unknown, index) => ({ file, path: `${path}[${index}]`, value: item }));
}

/** The text of a field; null when it is absent, null or empty, which Go does not tell apart. */
export function text(field: Field): string | null {
  if (field.value === null || field.value === '') return null;
  if (typeof field.value !== 'string')
    throw unexpected(field, 'a text (in quotes, if it looks like a number)');
  return field.value;
}

/** The text of a field that must be there. */
export function requiredText(field: Field): string {
  const found = text(field);
  if (found === null) throw unexpected(field, 'a text that is not empty');
  return found;
}

/** True or false; false when it is absent or null. */
export function flag(field: Field): boolean {
  if (field.value === null) return false;
  if (typeof field.value !== 'boolean') throw unexpected(field, 'true or false');
  return field.value;
}

// The kind of the value only, never the value: it may be a secret.
function unexpected({ file, path, value }: Field, expected: string): ProviderError {
  return new ProviderError(
    'config',
    `${file}: ${path === '' ? '' : `${path}: `}expected ${expected}, got ${kindOf(value)}`,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (value === '') return 'an empty text';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return 'a text';
  return typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}
