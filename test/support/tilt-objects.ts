import { randomUUID } from 'node:crypto';
import type { SessionJson } from './session-json.js';

/** A change of an object, as sent to watchers. */
interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: SessionJson;
  readonly version: number;
}

/** The versioned objects of an API server. */
export interface TiltObjects {
  readonly all: readonly SessionJson[];
  /** Version of the collection, which increases with every change. */
  readonly version: number;
  /** Adds or replaces an object by namespace and name. Assigns the next version, and a uid if it has none. */
  put(object: SessionJson): ObjectEvent;
  /** Adds or replaces an object unchanged, with the version it contains. */
  putRaw(object: SessionJson): void;
  /** Removes an object without a namespace. */
  remove(name: string): ObjectEvent | null;
  /** Returns the events after a version, or null if they were compacted. */
  eventsAfter(version: number): readonly ObjectEvent[] | null;
  /** Discards all past events. */
  compact(): void;
  /** Simulates a restart of the process: assigns new uids and versions from 1. */
  restart(): void;
}

/** Creates an empty collection. */
export function createTiltObjects(): TiltObjects {
  const objects = new Map<string, SessionJson>();
  let version = 1;
  let history: ObjectEvent[] = [];
  let compactedVersion = 0;

  return {
    get all() {
      return [...objects.values()];
    },
    get version() {
      return version;
    },
    put,
    putRaw(object) {
      version = Number(object.metadata.resourceVersion ?? version + 1);
      objects.set(keyOf(object), object);
    },
    remove(name) {
      const object = objects.get(name);
      if (!object) return null;
      objects.delete(name);
      return recordEvent('DELETED', assignVersion(object));
    },
    eventsAfter: (from) => (from < compactedVersion ? null : history.filter((event) => event.version > from)),
    compact() {
      version += 1;
      compactedVersion = version;
      history = [];
    },
    restart() {
      const old = [...objects.values()];
      version = 1;
      compactedVersion = 0;
      history = [];
      objects.clear();
      for (const object of old) put({ ...object, metadata: { ...object.metadata, uid: randomUUID() } });
    },
  };

  function put(object: SessionJson): ObjectEvent {
    const type = objects.has(keyOf(object)) ? 'MODIFIED' : 'ADDED';
    const stamped = assignVersion(object);
    objects.set(keyOf(object), stamped);
    return recordEvent(type, stamped);
  }

  function assignVersion(object: SessionJson): SessionJson {
    version += 1;
    const uid = object.metadata.uid ?? objects.get(keyOf(object))?.metadata.uid ?? randomUUID();
    return { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } };
  }

  function recordEvent(type: ObjectEvent['type'], object: SessionJson): ObjectEvent {
    const event = { type, object, version };
    history.push(event);
    return event;
  }
}

function keyOf({ metadata: { namespace, name } }: SessionJson): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
