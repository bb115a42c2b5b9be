import type { NatsConnection } from '@nats-io/transport-node';
import type { Session } from '../../src/model/session.js';
import { parseAddress } from '../../src/nats/address.js';
import { type Bucket, type BucketSettings, openBucket } from '../../src/nats/bucket.js';
import { connectNats } from '../../src/nats/connection.js';
import { type Envelope, encodeEnvelope } from '../../src/nats/envelope.js';
import { keyOf } from '../../src/nats/key.js';
import { packed } from '../../src/nats/pack.js';

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
  let bucket = await openBucket(connection, place, settings);
  /** The newest revision of each key. */
  const written = new Map<string, number>();
  let serial = 0;

  return {
    get bucket() {
      return bucket;
    },
    async put(session, more) {
      const key = keyOf(session.instance, session.metadata.name);
      serial += 1;
      await bucket.presence.put(key, 'test');
      const envelope: Envelope = {
        publisher: 'test',
        serial,
        previous: written.get(key) ?? 0,
        link: 'live',
        error: null,
        session,
        ...more,
      };
      const revision = await bucket.sessions.put(key, packed(encodeEnvelope(envelope)));
      written.set(key, revision);
      return revision;
    },
    async renewPresence({ instance, metadata }) {
      await bucket.presence.put(keyOf(instance, metadata.name), 'test');
    },
    async remove(instance, name) {
      const key = keyOf(instance, name);
      await bucket.sessions.delete(key);
      written.set(key, (await bucket.sessions.get(key))?.revision ?? 0);
    },
    async drop() {
      await bucket.manager.streams.delete(bucket.sessionStream);
      await bucket.manager.streams.delete(bucket.presenceStream);
      written.clear();
      bucket = await openBucket(connection, place, settings);
    },
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}
