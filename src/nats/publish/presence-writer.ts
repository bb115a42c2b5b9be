import type { KV } from '@nats-io/kv';
import { toProviderError } from '../errors.js';
import { encodeReport, firstToken, formatReportKey, MAX_REPORTED_KEYS } from '../presence-report.js';
import type { BucketAddress } from '../settings.js';

/** Writes the heartbeats of a publisher: one message for all of its Sessions. */
export interface PresenceWriter {
  /** Adds the key of a Session. Returns the key of the report that lists it. */
  add(key: string): string;
  /** Removes the key of a Session. */
  remove(key: string): void;
  /**
   * Returns the messages that report these keys as alive. Those of other keys are left out: readers consider
   * them STALE after a while.
   */
  messages(alive: ReadonlySet<string>): readonly PresenceMessage[];
  /** Deletes the reports. */
  leave(bucket: PresenceBucket): Promise<void>;
}

/** A message, and the keys that it reports as alive. */
export interface PresenceMessage {
  readonly keys: readonly string[];
  /** @param hasOldReaders whether gateways of earlier versions read it, which know no reports */
  put(bucket: PresenceBucket, hasOldReaders: boolean): Promise<void>;
  /** Whether it is a report. A publisher of one Session writes what earlier versions did. */
  readonly isReport: boolean;
}

/** The part of a bucket that heartbeats need. */
export interface PresenceBucket {
  readonly address: BucketAddress;
  readonly presence: Pick<KV, 'put' | 'delete'>;
}

/** Keys of one report. */
interface Group {
  readonly reportKey: string;
  readonly keys: string[];
  isWritten: boolean;
  /** Whether the publisher has no permission to write the report. */
  isDenied: boolean;
}

/** Creates the writer of a publisher's run. */
export function createPresenceWriter(publisher: string): PresenceWriter {
  /** All keys of a group have the same first token, by which gateways find its report. */
  const groups = new Map<string, Group[]>();
  let count = 0;

  return {
    add(key) {
      const token = firstToken(key);
      const known = groups.get(token) ?? [];
      groups.set(token, known);
      const open = known.find(({ keys }) => keys.length < MAX_REPORTED_KEYS);
      if (open !== undefined) {
        open.keys.push(key);
        return open.reportKey;
      }
      count += 1;
      const group = {
        reportKey: formatReportKey(key, publisher, count),
        keys: [key],
        isWritten: false,
        isDenied: false,
      };
      known.push(group);
      return group.reportKey;
    },
    remove(key) {
      const token = firstToken(key);
      const known = groups.get(token) ?? [];
      for (const { keys } of known) {
        const index = keys.indexOf(key);
        if (index >= 0) keys.splice(index, 1);
      }
      const left = known.filter(({ keys }) => keys.length > 0);
      if (left.length === 0) groups.delete(token);
      else groups.set(token, left);
    },
    messages(alive) {
      return [...groups.values()].flat().flatMap((group) => {
        const keys = group.keys.filter((key) => alive.has(key));
        return keys.length === 0 ? [] : [toMessage(group, keys)];
      });
    },
    async leave({ presence }) {
      const written = [...groups.values()].flat().filter(({ isWritten }) => isWritten);
      await Promise.all(written.map(({ reportKey }) => presence.delete(reportKey)));
    },
  };

  function toMessage(group: Group, keys: readonly string[]): PresenceMessage {
    const isReport = group.keys.length > 1;
    return {
      keys,
      isReport,
      async put({ presence, address }, hasOldReaders) {
        if (isReport && !group.isDenied) {
          try {
            await presence.put(group.reportKey, encodeReport({ publisher, keys }));
            group.isWritten = true;
          } catch (error) {
            // A publisher may be allowed to write the keys of its Sessions only, without a wildcard.
            if (toProviderError(address, error).code !== 'refused') throw error;
            group.isDenied = true;
          }
        }
        if (!isReport || hasOldReaders || group.isDenied) {
          await Promise.all(keys.map((key) => presence.put(key, publisher)));
        }
      },
    };
  }
}
