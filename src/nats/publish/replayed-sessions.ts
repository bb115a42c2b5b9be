import type { SessionId } from '../../model/session.js';
import type { SessionRecord } from '../../store/record.js';
import type { Store } from '../../store/store.js';

/**
 * Sessions of which several states were read together, after a start or a disconnect. Only the newest one is
 * published: an earlier one would be shown as the present state, such as PASSED although the Session has
 * failed since.
 */
export interface ReplayedSessions {
  /** Publishes the newest state of a Session once all of them are read. */
  add(id: SessionId): void;
  /** Removes a Session of which another state is published. */
  remove(id: SessionId): void;
  /** Publishes the newest states now. */
  flush(): void;
}

/** Creates an empty registry. */
export function createReplayedSessions(
  store: Pick<Store, 'get'>,
  publish: (record: SessionRecord) => void,
): ReplayedSessions {
  const replayed = new Set<SessionId>();
  return {
    add(id) {
      // The store applies a snapshot with the changes after it in one task.
      if (replayed.size === 0) queueMicrotask(flush);
      replayed.add(id);
    },
    remove: (id) => void replayed.delete(id),
    flush,
  };

  function flush(): void {
    const records = [...replayed].flatMap((id) => store.get(id) ?? []);
    replayed.clear();
    for (const record of records) publish(record);
  }
}
