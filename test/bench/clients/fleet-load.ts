import { type Bucket, openBucket } from '../../../src/nats/bucket.js';
import { connectNats } from '../../../src/nats/connection.js';
import { compress } from '../../../src/nats/message-format.js';
import { parseAddress } from '../../../src/nats/settings.js';
import { createMessageWriter, fleetKey, type MessageWriter, RUN } from '../data/fleet.js';
import { answerCalls } from '../processes/answer-calls.js';
import { nanoseconds, type Usage, usage } from '../processes/usage.js';
import { startHeartbeats } from './fleet-heartbeats.js';

/** Address and size of the fleet to publish. */
export interface FleetOptions {
  readonly address: string;
  readonly sessions: number;
  readonly services: number;
}

/** Result of a paced run. */
export interface FleetSent {
  /** Number of the first update of each session. */
  readonly first: number;
  /** Time at which each update was handed to the connection: `times[stream][n - first]`. */
  readonly times: readonly (readonly number[])[];
  /** Reasons of rejected writes. */
  readonly failures: readonly string[];
}

/** API of the process that stands for all publishers. */
export type FleetLoadApi = {
  /** Creates the bucket and writes the initial state of each session. */
  open(options: FleetOptions): Promise<void>;
  /** Starts the heartbeats of publishers that have this many sessions each. */
  beat(options: { readonly sessionsPerPublisher: number }): void;
  /** Writes `count` updates of each session, at `perSecond` updates in total. */
  pace(options: { readonly count: number; readonly perSecond: number }): Promise<FleetSent>;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** Maximum number of unconfirmed writes. At this limit the rate drops, which shows in the result. */
const MAX_IN_FLIGHT = 500;

interface Published {
  readonly key: string;
  readonly writer: MessageWriter;
  n: number;
  revision: number;
}

let bucket: Bucket;
let published: Published[] = [];
let failures: string[] = [];
let stopHeartbeats = () => {};
const inFlight = new Set<Promise<void>>();

const api: FleetLoadApi = {
  async open({ address, sessions, services }) {
    const place = parseAddress(address);
    bucket = await openBucket(await connectNats(place, {}, 'bench'), place);
    published = Array.from({ length: sessions }, (_, stream) => ({
      key: fleetKey(stream),
      writer: createMessageWriter(stream, services),
      n: -1,
      revision: 0,
    }));
    for (const one of published) {
      await bucket.presence.put(one.key, RUN);
      await write(one);
    }
  },
  beat: ({ sessionsPerPublisher }) => {
    stopHeartbeats();
    const keys = published.map(({ key }) => key);
    stopHeartbeats = startHeartbeats(bucket, keys, sessionsPerPublisher, (error) =>
      failures.push(String(error)),
    );
  },
  async pace({ count, perSecond }) {
    failures = [];
    const first = (published[0]?.n ?? 0) + 1;
    const times = published.map((): number[] => []);
    const from = performance.now();
    for (let step = 0; step < count * published.length; step += 1) {
      await sleepUntil(from + (step * 1_000) / perSecond);
      if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
      const stream = step % published.length;
      const one = published[stream];
      times[stream]?.push(nanoseconds());
      if (one) send(one);
    }
    await Promise.all(inFlight);
    return { first, times, failures };
  },
  usage,
};
answerCalls(api);

function send(one: Published): void {
  const sent: Promise<void> = write(one)
    .catch((error) => {
      failures.push(String(error));
    })
    .finally(() => inFlight.delete(sent));
  inFlight.add(sent);
}

async function write(one: Published): Promise<void> {
  one.n += 1;
  const { text, headers } = one.writer.write(one.n, { serial: one.n + 1, previous: one.revision });
  one.revision = await bucket.putState(one.key, compress(text), one.revision, headers);
}

function sleepUntil(time: number): Promise<void> {
  const ms = time - performance.now();
  return new Promise((resolve) => (ms <= 0 ? setImmediate(resolve) : setTimeout(resolve, ms)));
}
