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

/** An object of a kind: the instance that its namespace belongs to, its name, and its uid. */
export interface ObjectKey {
  readonly instance: string;
  /** Empty for an object without a name. */
  readonly name: string;
  readonly uid: string | null;
}

/** Facts of the objects of one kind, by instance and name. */
export type FactsByName<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

/**
 * Creates an empty table of the objects of one kind.
 *
 * @param lastGood facts to keep for objects that cannot be read
 */
export function createObjectTable<T>(decode: (value: unknown) => T, lastGood: FactsByName<T>) {
  const entries = new Map<string, Map<string, Entry<T>>>();
  const problems = new Map<string, string>();
  let good = lastGood;
  let isKnown = false;

  return {
    /** The first problem on one line, with the number of others; null without one. */
    get problem() {
      const [first] = problems.values();
      const others = problems.size - 1;
      return first === undefined ? null : first + (others > 0 ? ` (and ${others} more)` : '');
    },
    has: (instance: string): boolean => entries.has(instance),
    get: (instance: string, name: string): T | null => find({ instance, name })?.facts ?? null,
    /** The facts of an instance in the order of the names; null if no object of the kind was read. */
    list: (instance: string): T[] | null =>
      isKnown
        ? [...(entries.get(instance) ?? [])]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([, { facts }]) => facts)
        : null,
    put(kind: FactKind, key: ObjectKey, value: unknown): void {
      problems.delete(NAMELESS);
      problems.delete(problemKey(key));
      try {
        set(key, decodeObject(kind, value, decode));
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        problems.set(problemKey(key), describeProblem(kind, key.name, error));
        const last = good.get(key.instance)?.get(key.name);
        if (last !== undefined && !find(key)) set(key, last);
      }
    },
    remove(key: ObjectKey): void {
      const entry = find(key);
      // A deletion may arrive after the successor of the same name was created.
      if (entry && entry.uid !== null && key.uid !== null && entry.uid !== key.uid) return;
      problems.delete(problemKey(key));
      const named = entries.get(key.instance);
      named?.delete(key.name);
      if (named?.size === 0) entries.delete(key.instance);
      isKnown = true;
    },
    clear(): void {
      good = new Map([...entries].map(([instance, named]) => [instance, factsByName(named)]));
      entries.clear();
      problems.clear();
      isKnown = true;
    },
  };

  function find({ instance, name }: Pick<ObjectKey, 'instance' | 'name'>): Entry<T> | undefined {
    return entries.get(instance)?.get(name);
  }

  function set({ instance, name, uid }: ObjectKey, facts: T): void {
    const named = entries.get(instance) ?? new Map<string, Entry<T>>();
    entries.set(instance, named.set(name, { facts, uid }));
    isKnown = true;
  }
}

interface Entry<T> {
  readonly facts: T;
  readonly uid: string | null;
}

function factsByName<T>(named: ReadonlyMap<string, Entry<T>>): ReadonlyMap<string, T> {
  return new Map([...named].map(([name, { facts }]) => [name, facts]));
}

/** Key of the problem of an object without a name, whose successor is not known. */
const NAMELESS = '';

function problemKey({ instance, name }: ObjectKey): string {
  return name === '' ? NAMELESS : JSON.stringify([instance, name]);
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
