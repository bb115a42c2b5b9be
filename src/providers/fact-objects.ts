import { isRecord } from '../lib/is-record.js';
import { DecodeError, decodeApiVersion } from '../model/decode.js';
import { oneLine, plainText } from '../model/plain-text.js';

/** An object other than a Session, from which facts are read. */
export interface FactObject {
  readonly kind: FactKind;
  /** The object, not decoded. */
  readonly value: unknown;
}

/** Kinds of these objects. */
export type FactKind = keyof typeof FACT_KINDS;

/** The kinds, with their names in Tilt's API. */
export const FACT_KINDS = { UIResource: 'uiresources', Cluster: 'clusters' } as const;

/** Returns the object as one from which facts are read; null for any other, such as a Session. */
export function toFactObject(value: unknown): FactObject | null {
  return isRecord(value) && isFactKind(value.kind) ? { kind: value.kind, value } : null;
}

/** Whether facts are read from objects of a kind. */
export function isFactKind(kind: unknown): kind is FactKind {
  return typeof kind === 'string' && Object.hasOwn(FACT_KINDS, kind);
}

/**
 * Creates an empty table of the objects of one kind.
 *
 * @param lastGood facts to keep for objects that cannot be read, by name
 */
export function createObjectTable<T>(
  decode: (value: unknown) => T,
  lastGood: Iterable<readonly [string, T]>,
) {
  const entries = new Map<string, { readonly facts: T; readonly uid: string | null }>();
  const problems = new Map<string, string>();
  let good = new Map(lastGood);
  let isKnown = false;

  return {
    /** The first problem on one line, with the number of others; null without one. */
    get problem() {
      const [first] = problems.values();
      const others = problems.size - 1;
      return first === undefined ? null : first + (others > 0 ? ` (and ${others} more)` : '');
    },
    get: (name: string): T | null => entries.get(name)?.facts ?? null,
    /** All facts in the order of the names; null if no object of the kind was read. */
    list: (): T[] | null =>
      isKnown ? [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { facts }]) => facts) : null,
    put(kind: FactKind, name: string, uid: string | null, value: unknown): void {
      problems.delete('');
      problems.delete(name);
      try {
        set(name, { facts: decodeObject(kind, value, decode), uid });
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        problems.set(name, describeProblem(kind, name, error));
        const last = good.get(name);
        if (last !== undefined && !entries.has(name)) set(name, { facts: last, uid });
      }
    },
    remove(name: string, uid: string | null): void {
      const entry = entries.get(name);
      // A deletion may arrive after the successor of the same name was created.
      if (entry && entry.uid !== null && uid !== null && entry.uid !== uid) return;
      problems.delete(name);
      entries.delete(name);
      isKnown = true;
    },
    clear(): void {
      good = new Map([...entries].map(([name, { facts }]) => [name, facts]));
      entries.clear();
      problems.clear();
      isKnown = true;
    },
  };

  function set(name: string, entry: { readonly facts: T; readonly uid: string | null }): void {
    entries.set(name, entry);
    isKnown = true;
  }
}

/** Longest name in a message, in characters. */
const MAX_NAME = 60;

function describeProblem(kind: FactKind, name: string, { message }: DecodeError): string {
  const which = name === '' ? 'an object' : name.slice(0, MAX_NAME);
  return oneLine(plainText(`${FACT_KINDS[kind]}: ${which} cannot be read: ${message}`));
}

function decodeObject<T>(kind: FactKind, value: unknown, decode: (value: unknown) => T): T {
  if (!isRecord(value)) throw new DecodeError('an object', value, [kind]);
  if (value.kind !== kind) throw new DecodeError(JSON.stringify(kind), value.kind, ['kind']);
  decodeApiVersion(value.apiVersion);
  return decode(value);
}
