import { ADDRESS_FORM, isAddress, withoutLogin } from '../nats/address.js';
import { UsageError } from './usage-error.js';

/** What one `--source` asks for. */
export type SourceSpec =
  | { readonly type: 'demo'; readonly name: string | null; readonly seed: number }
  /** Every Tilt of the kubeconfig, or (with a context) just that one. */
  | { readonly type: 'tilt'; readonly context: string | null }
  /** A bucket that publishers write to. */
  | { readonly type: 'nats'; readonly name: string | null; readonly address: string }
  | { readonly type: 'stdin'; readonly name: string | null }
  | { readonly type: 'file'; readonly name: string | null; readonly path: string };

/** The forms of `--source`, for its help and its errors. */
export const SOURCE_FORMS = `tilt, tilt:CONTEXT, demo, demo:SEED, - (standard input), the path of a file or folder, or ${ADDRESS_FORM}`;

/** Reads one `--source`: `[NAME=]FORM`. Throws a usage error that lists the forms. */
export function parseSourceSpec(text: string): SourceSpec {
  const [, given, rest = ''] = /^(?:([\w.-]+)=)?(.*)$/s.exec(text) ?? [];
  const name = given ?? null;
  const [, scheme, detail] = /^(tilt|demo)(?::(.*))?$/s.exec(rest) ?? [];
  if (rest === '') throw wrong(text);
  if (rest === '-') return { type: 'stdin', name };
  if (scheme === 'demo') return { type: 'demo', name, seed: seedOf(detail, text) };
  if (scheme === 'tilt') {
    if (name !== null || detail === '') throw wrong(text);
    return { type: 'tilt', context: detail ?? null };
  }
  if (isAddress(rest)) return { type: 'nats', name, address: rest };
  // A URL of a kind that is not known is more likely a mistake than a path.
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(rest)) throw wrong(text);
  return { type: 'file', name, path: rest };
}

function seedOf(detail: string | undefined, text: string): number {
  if (detail === undefined) return 1;
  if (!/^\d{1,9}$/.test(detail)) throw wrong(text);
  return Number(detail);
}

function wrong(text: string): Error {
  return new UsageError(
    `--source: expected ${SOURCE_FORMS}, each but tilt with NAME= in front if you like; got ${JSON.stringify(withoutLogin(text))}`,
  );
}
