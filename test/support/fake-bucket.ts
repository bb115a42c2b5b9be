import { type Clock, sleep } from '../../src/lib/clock.js';
import type { Bucket } from '../../src/nats/bucket.js';

interface FakeBucketOptions {
  /** Number of messages at the beginning. Default: 1. */
  readonly count?: number;
  /** Time that the link takes for a message of a consumer, in milliseconds. Default: 0. */
  readonly messageMs?: number;
  /** Time until the response to a request of a message, in milliseconds. Default: 0. */
  readonly pollMs?: number;
  /** Time until the response to a request of the stream's info, in milliseconds. Default: 0. */
  readonly infoMs?: number;
  /** Whether its messages may be subscribed to. Default: no. */
  readonly maySubscribe?: boolean;
}

/** Creates a bucket without a broker, of which only consumers, polling and a subscription can be tested. */
export function createFakeBucket(
  clock: Clock,
  { count = 1, messageMs = 0, pollMs = 0, infoMs = 0, maySubscribe = false }: FakeBucketOptions = {},
) {
  const created = new Date(clock.now() - 60_000).toISOString();
  const messages = Array.from({ length: count }, (_, i) => createMessage(i + 1, clock.now()));
  let mayCreate = true;
  let consumers = 0;
  let breakConsumer: (error: Error) => void = () => {};
  let endSubscription = () => {};
  const neverEnding = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
  const createConsumer = (from: number) => ({
    info: async () => ({ created: new Date(clock.now()).toISOString(), num_pending: 0 }),
    async consume({ callback }: { readonly callback: (message: object) => void }) {
      const delivery = new AbortController();
      void deliver(from, callback, delivery.signal);
      return {
        closed: () =>
          new Promise((resolve) => {
            breakConsumer = resolve;
          }),
        stop: () => delivery.abort(),
        status: () => neverEnding,
      };
    },
    delete: async () => {},
  });
  async function deliver(from: number, callback: (message: object) => void, signal: AbortSignal) {
    for (let next = from; !signal.aborted; ) {
      const message = messages[next - 1];
      await sleep(clock, message ? messageMs : 100, signal);
      if (!message || signal.aborted) continue;
      callback(message);
      next += 1;
    }
  }
  let infoFailure: Error | null = null;
  const bucket = {
    address: { servers: ['127.0.0.1:4222'], bucket: 'b', subject: '>' },
    sessionStream: 'KV_b',
    presenceStream: 'KV_b',
    presenceMs: 15_000,
    hasPresence: true,
    connection: {
      status: () => neverEnding,
      flush: async () => {},
      subscribe(_: string, { callback }: { readonly callback: (error: Error | null) => void }) {
        endSubscription = () => callback(new Error('permissions violation'));
        if (!maySubscribe) endSubscription();
        return { closed: new Promise(() => {}), unsubscribe() {} };
      },
    },
    manager: {
      streams: {
        async info() {
          if (infoFailure) throw infoFailure;
          const state = { last_seq: messages.length, messages: 1 };
          if (infoMs > 0) await new Promise<void>((resolve) => clock.after(infoMs, resolve));
          return { created, state };
        },
      },
    },
    jetstream: {
      consumers: {
        async get(_: string, { opt_start_seq: from = 1 }: { readonly opt_start_seq?: number }) {
          if (mayCreate) {
            consumers += 1;
            return createConsumer(from);
          }
          await new Promise<void>((resolve) => clock.after(3_000, resolve));
          throw new Error('timeout');
        },
      },
    },
    pollManager: {
      streams: {
        async getMessage(_: string, { seq }: { readonly seq: number }) {
          const message = messages[seq - 1] ?? null;
          if (pollMs > 0) await new Promise<void>((resolve) => clock.after(pollMs, resolve));
          return message;
        },
      },
    },
  };
  return {
    bucket: bucket as unknown as Bucket,
    /** Number of consumers that were created so far. */
    consumers: () => consumers,
    /** Breaks the consumer. Another one is created at once. */
    breakConsumer: () => breakConsumer(new Error('heartbeats missed')),
    /** Breaks the consumer, and prevents that another is created. */
    loseConsumers() {
      mayCreate = false;
      breakConsumer(new Error('heartbeats missed'));
    },
    /** Ends the subscription, as if its permission was revoked. */
    endSubscription: () => endSubscription(),
    /** Sets whether requests of the stream's info time out. */
    loseInfo(isLost: boolean) {
      infoFailure = isLost ? new Error('timeout') : null;
    },
    /** Writes a message at the servers' time. */
    write(time: number) {
      messages.push(createMessage(messages.length + 1, time));
    },
  };
}

/** A message as from a consumer and as from a request. */
function createMessage(seq: number, time: number) {
  return {
    subject: '$KV.b.a.Tiltfile',
    seq,
    headers: undefined,
    data: new Uint8Array(),
    time: new Date(time),
    info: { timestampNanos: time * 1_000_000 },
  };
}
