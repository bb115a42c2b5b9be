import { isRecord } from '../../lib/is-record.js';
import { type SessionId, sessionIdOf } from '../../model/session.js';

/** Which object an object is, and which version of it, even where the rest cannot be decoded. */
export interface ObjectIdentity {
  /** First half of the id: the instance of the source and, where the object has one, its namespace. */
  readonly instance: string;
  /** Null for an object without a name. */
  readonly id: SessionId | null;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
}

/** Reads the identity of an object of Kubernetes. What is missing, empty or no text is null. Pure. */
export function identityOf(object: unknown, source: string): ObjectIdentity {
  const metadata = isRecord(object) && isRecord(object.metadata) ? object.metadata : {};
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  const name = text(metadata.name);
  // Tilt's Sessions have no namespace.
  const namespace = text(metadata.namespace);
  const instance = namespace === null ? source : `${source}/${namespace}`;
  return {
    instance,
    id: name === null ? null : sessionIdOf(instance, name),
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
