import type { ProviderError } from '../../providers/provider.js';
import type { SessionRecord } from '../../store/record.js';
import type { Store } from '../../store/store.js';
import { keyOf } from '../key.js';
import { createKeyOwners, currentState, type KeyContent } from './key-owners.js';
import { createSessionWriters, type SessionWritersOptions } from './session-writers.js';

/** Writes the Sessions of a store to a bucket. */
export interface Publisher {
  /** Resolves with the first Session that is another publisher's, or the set-up's mistake; never, while all is well. */
  readonly refused: Promise<ProviderError>;
  /**
   * Writes the final state of each Session, and that it is gone. Resolves with the keys for which that did not succeed in
   * time.
   *
   * @param deadlineMs milliseconds
   */
  close(reason: string, deadlineMs: number): Promise<readonly string[]>;
}

/** What {@link createPublisher} works with. */
export interface PublisherOptions extends SessionWritersOptions {
  readonly store: Pick<Store, 'ids' | 'get' | 'subscribe'>;
  /** Under which instance a Session is published. */
  instanceOf(record: SessionRecord): string;
}

/** Begins to publish. Nothing is ever waited for by whoever applies changes to the store. */
export function createPublisher(options: PublisherOptions): Publisher {
  const { store, log } = options;
  const writers = createSessionWriters(options);
  const owners = createKeyOwners(log);
  const newest = new Map<string, KeyContent>();
  const unsubscribe = store.subscribe(({ after }) => {
    if (after !== null) publish(after);
  });
  for (const id of store.ids()) {
    const record = store.get(id);
    if (record) publish(record);
  }

  return {
    refused: writers.refused,
    close(reason, deadlineMs) {
      unsubscribe();
      for (const [key, { record, conflict }] of newest) {
        if (record.connection.state !== 'gone' && conflict === null) {
          writers.write(key, { session: record, link: 'gone', error: reason });
        }
      }
      return writers.close(deadlineMs);
    },
  };

  function publish(record: SessionRecord): void {
    const key = keyOf(options.instanceOf(record), record.metadata.name);
    const content = owners.note(key, record);
    newest.set(key, content);
    writers.write(key, currentState(content));
  }
}
