import { openBucket } from '../../../src/nats/bucket.js';
import { connectNats } from '../../../src/nats/connection.js';
import { decompress } from '../../../src/nats/message-format.js';
import { parseAddress } from '../../../src/nats/settings.js';
import { FLEET_UPDATES } from '../data/fleet.js';
import { answerCalls } from '../processes/answer-calls.js';
import { type Usage, usage } from '../processes/usage.js';
import { keyOfVersion } from './find-update.js';
import type { ReadersApi } from './readers.js';
import { createUpdateTracker, type UpdateTracker } from './update-tracker.js';

/** API of a process that watches the bucket without a gateway. */
export type NatsWatcherApi = Pick<ReadersApi, 'reached' | 'reset' | 'record' | 'latencies'> & {
  /** Starts watching. Resolves when the initial state of every session has arrived. */
  open(options: { readonly address: string; readonly sessions: number }): Promise<void>;
  read(): ReturnType<UpdateTracker['read']>;
  usage(options: { readonly collect?: boolean }): Usage;
};

let tracker: UpdateTracker = createUpdateTracker(0);

const api: NatsWatcherApi = {
  async open({ address, sessions }) {
    tracker = createUpdateTracker(sessions);
    const place = parseAddress(address);
    const bucket = await openBucket(await connectNats(place, {}, 'bench'), place);
    const watch = await bucket.sessions.watch();
    void (async () => {
      for await (const entry of watch) take(JSON.parse(decompress(entry.value)));
    })();
    await tracker.reached(0, 60_000);
  },
  reached: ({ n, ms }) => tracker.reached(n, ms),
  read: () => tracker.read(),
  reset: () => tracker.reset(),
  record: () => tracker.record(),
  latencies: ({ first, times }) => tracker.latencies(first, times),
  usage,
};
answerCalls(api);

interface BucketValue {
  readonly session: { readonly metadata: { readonly resourceVersion: string } };
}

function take({ session }: BucketValue): void {
  const { stream, update } = keyOfVersion(Number(session.metadata.resourceVersion), FLEET_UPDATES);
  tracker.received(stream, update, () => 0);
}
