import { randomUUID } from 'node:crypto';
import type { SessionJson } from './session-json.js';

/** Something that happened to an object, as a watch tells it. */
interface ObjectEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: SessionJson;
  readonly version: number;
}

/** The objects of an API server, with their versions. */
export interface TiltObjects {
  readonly all: readonly SessionJson[];
  /** The version of the whole, which grows with every change. */
  readonly version: number;
  /** Adds or replaces the object of that name; gives it the next version, and a uid if it has none. */
  put(object: SessionJson): ObjectEvent;
  /** As `put`, but exactly as it is, with the version that it says. */
  putRaw(object: SessionJson): void;
  remove(name: string): ObjectEvent | null;
  /** What happened after a version; null when that is forgotten. */
  eventsAfter(version: number): readonly ObjectEvent[] | null;
  /** Forgets what happened up to now. */
  compact(): void;
  /** As a process that was started again has them: new uids, versions from 1. */
  restart(): void;
}

/** Starts with nothing. */
export function createTiltObjects(): TiltObjects {
  const objects = new Map<string, SessionJson>();
  let version = 1;
  let history: ObjectEvent[] = [];
  let forgotten = 0;

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
      objects.set(object.metadata.name, object);
    },
    remove(name) {
      const object = objects.get(name);
      if (!object) return null;
      objects.delete(name);
      return recordEvent('DELETED', assignVersion(object));
    },
    eventsAfter: (from) => (from < forgotten ? null : history.filter((event) => event.version > from)),
    compact() {
      version += 1;
      forgotten = version;
      history = [];
    },
    restart() {
      const old = [...objects.values()];
      version = 1;
      forgotten = 0;
      history = [];
      objects.clear();
      for (const object of old) put({ ...object, metadata: { ...object.metadata, uid: randomUUID() } });
    },
  };

  function put(object: SessionJson): ObjectEvent {
    const type = objects.has(object.metadata.name) ? 'MODIFIED' : 'ADDED';
    const stamped = assignVersion(object);
    objects.set(object.metadata.name, stamped);
    return recordEvent(type, stamped);
  }

  function assignVersion(object: SessionJson): SessionJson {
    version += 1;
    const uid = object.metadata.uid ?? objects.get(object.metadata.name)?.metadata.uid ?? randomUUID();
    return { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(version) } };
  }

  function recordEvent(type: ObjectEvent['type'], object: SessionJson): ObjectEvent {
    const event = { type, object, version };
    history.push(event);
    return event;
  }
}
