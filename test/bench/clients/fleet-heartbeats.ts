import type { Bucket } from '../../../src/nats/bucket.js';
import { createPresenceWriter } from '../../../src/nats/publish/presence-writer.js';
import { RUN } from '../data/fleet.js';

/** Heartbeat interval of a publisher: three heartbeats within the 15 s after which it counts as dead. */
const HEARTBEAT_MS = 5_000;

/** Sends the heartbeats of publishers that have `size` sessions each. Returns a function that stops. */
export function startHeartbeats(
  bucket: Bucket,
  keys: readonly string[],
  size: number,
  onError: (error: unknown) => void,
): () => void {
  const count = Math.ceil(keys.length / size);
  const publishers = Array.from({ length: count }, (_, index) =>
    createPublisher(bucket, keys.slice(index * size, (index + 1) * size)),
  );
  let next = 0;
  const timer = setInterval(() => {
    publishers[next % count]?.().catch(onError);
    next += 1;
  }, HEARTBEAT_MS / count);
  return () => clearInterval(timer);
}

/**
 * Creates a function that sends a heartbeat as a publisher does: checks that its states are still in the
 * bucket, then writes its presence.
 */
function createPublisher(bucket: Bucket, keys: readonly string[]): () => Promise<void> {
  const { manager, sessions, sessionStream, presenceStream } = bucket;
  const presence = createPresenceWriter(RUN);
  for (const key of keys) presence.add(key);
  let last = -1;
  return async () => {
    const isAlone = keys.length === 1;
    const newest = isAlone ? null : (await manager.streams.info(sessionStream)).state.last_seq;
    if (newest !== last) await Promise.all(keys.map((key) => sessions.get(key)));
    last = newest ?? -1;
    const consumers = isAlone ? 0 : (await manager.streams.info(presenceStream)).state.consumer_count;
    for (const message of presence.messages(new Set(keys))) await message.put(bucket, consumers > 0);
  };
}
