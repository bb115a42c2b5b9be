import { answerCalls } from '../processes/answer-calls.js';
import { type Usage, usage } from '../processes/usage.js';
import { openEventSocket } from './event-socket.js';
import { createFindUpdate, findConflated, STREAM } from './find-update.js';
import type { Frame } from './frame-reader.js';
import { openReaderSocket, type ReaderSocket } from './reader-socket.js';
import { createUpdateTracker, type Latencies, type Received, type UpdateTracker } from './update-tracker.js';

/** Connections and subscriptions of a reader process. */
export interface OpenOptions {
  readonly port: number;
  readonly sockets: number;
  /** Number of subscriptions of each socket. */
  readonly perSocket: number;
  /**
   * Documents, taken in turn by the subscriptions of all sockets. With several streams there is one for each,
   * in their order.
   */
  readonly documents: readonly string[];
  /** Number of streams that the documents cover. */
  readonly streams: number;
  /** Maximum number of updates of each stream according to its versions; see `createFindUpdate`. */
  readonly updates: number;
  /** See `ReaderSocketOptions`. */
  readonly localAddress: string | null;
  readonly transport: Transport;
}

/** Transport of a reader. Over server-sent events each connection has a single subscription. */
export type Transport = 'websocket' | 'compressed-websocket' | 'sse';

/** API of a reader process. */
export type ReadersApi = {
  /** Connects and subscribes. */
  open(options: OpenOptions): Promise<void>;
  /** Resolves with whether every subscription received the n-th update within `ms`. */
  reached(options: { readonly n: number; readonly ms: number }): Promise<boolean>;
  /** Returns what was received since `reset`, and the reasons of lost connections. */
  read(): Received & { readonly closed: readonly string[]; readonly bytes: number };
  reset(): void;
  record(): void;
  latencies(options: { readonly first: number; readonly times: readonly (readonly number[])[] }): Latencies;
  /** Keeps the next payload of the first connection, whole. */
  capture(): void;
  /** Resolves with the captured payload. */
  captured(): Promise<string>;
  /** Stops reading. */
  pause(): void;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** Number of connections opened at a time. */
const OPENING = 100;

let findUpdate = createFindUpdate();
const buffer = Buffer.allocUnsafeSlow(256 * 1024);
const sockets: ReaderSocket[] = [];
const closed: string[] = [];
let tracker: UpdateTracker = createUpdateTracker(0);
let captured: Promise<string> = Promise.resolve('');
/** Bytes received since `reset`. */
let receivedBytes = 0;
/** Receives the payload to capture, or null when nothing is being captured. */
let keep: ((text: string) => void) | null = null;

const api: ReadersApi = {
  async open(options) {
    tracker = createUpdateTracker(options.sockets * options.perSocket);
    findUpdate = createFindUpdate(options.updates);
    const indexes = Array.from({ length: options.sockets }, (_, index) => index).values();
    const workers = Array.from({ length: OPENING }, async () => {
      for (const index of indexes) sockets.push(await openWithRetry(index, options));
    });
    await Promise.all(workers);
  },
  reached: ({ n, ms }) => tracker.reached(n, ms),
  read: () => ({ ...tracker.read(), closed, bytes: receivedBytes }),
  reset() {
    tracker.reset();
    receivedBytes = 0;
  },
  record: () => tracker.record(),
  latencies: ({ first, times }) => tracker.latencies(first, times),
  capture() {
    captured = new Promise((resolve) => {
      keep = resolve;
    });
  },
  captured: () => captured,
  pause() {
    for (const socket of sockets) socket.pause();
  },
  usage,
};
answerCalls(api);

/** Opens a socket with retries, as clients do: on a loaded machine the server may answer too late. */
async function openWithRetry(index: number, options: OpenOptions): Promise<ReaderSocket> {
  for (let tries = 1; tries < 3; tries += 1) {
    try {
      return await open(index, options);
    } catch {
      // The last attempt reports the error.
    }
  }
  return open(index, options);
}

function open(index: number, options: OpenOptions): Promise<ReaderSocket> {
  const { port, localAddress, documents, perSocket, streams, transport } = options;
  const openSocket = transport === 'sse' ? openEventSocket : openReaderSocket;
  const first = index * perSocket;
  const own = Array.from(
    { length: perSocket },
    (_, slot) => documents[(first + slot) % documents.length] ?? '',
  );
  return new Promise((resolve, reject) => {
    openSocket({
      port,
      localAddress,
      documents: own,
      buffer,
      isDeflated: transport === 'compressed-websocket',
      onBytes(size) {
        receivedBytes += size;
      },
      onMessage,
      wantsAll: () => index === 0 && keep !== null,
      onClosed(why) {
        closed.push(why);
        reject(new Error(`A reader lost its connection: ${why}.`));
      },
    }).then(resolve, reject);
  });

  function onMessage(frame: Frame): void {
    const { bytes, from, to } = frame;
    const update = findUpdate(bytes, from, to);
    if (update < 0) return;
    if (index === 0) keepText(frame);
    tracker.received(first + slotOf(update), update, () => findConflated(bytes, from, to));
  }

  /** With several streams, each subscription of a socket belongs to a different stream. */
  function slotOf(update: number): number {
    if (streams === 1) return 0;
    return (Math.floor(update / STREAM) - (first % streams) + streams) % streams;
  }
}

/** An event is kept in the form of a WebSocket message. */
function keepText({ bytes, from, to }: Frame): void {
  const text = bytes.toString('utf8', from, to);
  const data = text.indexOf('data: ');
  keep?.(text.startsWith('{') ? text : `{"payload":${text.slice(data + 'data: '.length)}}`);
  keep = null;
}
