import { isRecord } from '../../lib/is-record.js';

/** What says of an object which one it is and which version of it, even where the rest cannot be decoded. */
export interface ObjectIdentity {
  readonly name: string | null;
  /** Null for an object without one, as Tilt's Sessions are. */
  readonly namespace: string | null;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
}

/** Reads it from an object of Kubernetes; null for what is missing, empty or no text. Pure. */
export function identityOf(object: unknown): ObjectIdentity {
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return {
    name: text(metadata.name),
    namespace: text(metadata.namespace),
    uid: text(metadata.uid),
    resourceVersion: text(metadata.resourceVersion),
  };
}

/**
 * Whether a version is later than another of the same uid: a number of up to 64 bits, more than a JavaScript number
 * holds. Where either is no number they cannot be compared, and any other version counts as later. Pure.
 */
export function isLater(version: string | null, than: string | null): boolean {
  if (version === null || than === null) return true;
  if (!NUMBER.test(version) || !NUMBER.test(than)) return true;
  return BigInt(version) > BigInt(than);
}

const NUMBER = /^\d{1,20}$/;
