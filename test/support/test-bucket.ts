import type { NatsConnection } from '@nats-io/transport-node';
import type { Session } from '../../src/model/session.js';
import { type Bucket, openBucket } from '../../src/nats/bucket.js';
import { connectNats } from '../../src/nats/connection.js';
import { compress, type Envelope, encodeEnvelope, formatKey } from '../../src/nats/message-format.js';
import { type BucketSettings, parseAddress } from '../../src/nats/settings.js';

/** A bucket that the test writes to like a publisher. */
export interface TestBucket extends AsyncDisposable {
  readonly bucket: Bucket;
  /** Writes a state and renews its publisher's presence. Resolves with the revision. */
  put(session: Session, more?: Partial<Envelope>): Promise<number>;
  /** Renews the presence of the Session's publisher. */
  renewPresence(session: Session): Promise<void>;
  /** Deletes a key. */
  remove(instance: string, name: string): Promise<void>;
  /** Deletes the bucket with its contents and creates an empty one. */
  drop(): Promise<void>;
}

/** Opens a bucket, and creates it if it does not exist. */
export async function openTestBucket(address: string, settings: BucketSettings = {}): Promise<TestBucket> {
  const place = parseAddress(address);
  const connection: NatsConnection = await connectNats(place, {}, 'test');
  let bucket = await openBucket(connection, place, { settings });
  /** The newest revision of each key. */
  const written = new Map<string, number>();
  let serial = 0;

  return {
    get bucket() {
      return bucket;
    },
    async put(session, more) {
      const key = formatKey(session.instance, session.metadata.name);
      serial += 1;
      await bucket.presence.put(key, 'test');
      const envelope: Envelope = {
        publisher: 'test',
        serial,
        previous: written.get(key) ?? 0,
        connection: 'live',
        error: null,
        session,
        ...more,
      };
      const revision = await bucket.sessions.put(key, compress(encodeEnvelope(envelope)));
      written.set(key, revision);
      return revision;
    },
    async renewPresence({ instance, metadata }) {
      await bucket.presence.put(formatKey(instance, metadata.name), 'test');
    },
    async remove(instance, name) {
      const key = formatKey(instance, name);
      await bucket.sessions.delete(key);
      written.set(key, (await bucket.sessions.get(key))?.revision ?? 0);
    },
    async drop() {
      await bucket.manager.streams.delete(bucket.sessionStream);
      await bucket.manager.streams.delete(bucket.presenceStream);
      written.clear();
      bucket = await openBucket(connection, place, { settings });
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}
