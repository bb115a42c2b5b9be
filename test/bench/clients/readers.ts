import { answerCalls } from '../processes/answer-calls.js';
import { type Usage, usage } from '../processes/usage.js';
import { createFindUpdate, findConflated, STREAM } from './find-update.js';
import type { Frame } from './frame-reader.js';
import { openReaderSocket, type ReaderSocket } from './reader-socket.js';
import { createUpdateTracker, type Latencies, type Received, type UpdateTracker } from './update-tracker.js';

/** What the subscriptions of a process are. */
export interface OpenOptions {
  readonly port: number;
  readonly sockets: number;
  /** How many subscriptions each socket has. */
  readonly perSocket: number;
  /**
   * The subscriptions of all sockets take these in turn. With several streams there is one for each, in their order.
   */
  readonly documents: readonly string[];
  /** How many streams the documents are of. */
  readonly streams: number;
  /** How many updates each can have, by the versions of its Session; see `createFindUpdate`. */
  readonly updates: number;
  readonly localAddress: string;
}

/** What the harness asks of a process of readers. */
export type ReadersApi = {
  /** Connects and subscribes. */
  open(options: OpenOptions): Promise<void>;
  /** Resolves with whether every subscription has got the n-th update within `ms`. */
  reached(options: { readonly n: number; readonly ms: number }): Promise<boolean>;
  /** What came since `reset`; with why connections were lost, where some were. */
  read(): Received & { readonly closed: readonly string[] };
  reset(): void;
  record(): void;
  latencies(options: { readonly first: number; readonly times: readonly (readonly number[])[] }): Latencies;
  /** Keeps the next payload of the first connection, whole. */
  capture(): void;
  /** What was captured. */
  captured(): Promise<string>;
  /** Stops to read. */
  pause(): void;
  usage(options: { readonly collect?: boolean }): Usage;
};

/** Connections being opened at a time. */
const OPENING = 100;

let findUpdate = createFindUpdate();
const buffer = Buffer.allocUnsafeSlow(256 * 1024);
const sockets: ReaderSocket[] = [];
const closed: string[] = [];
let tracker: UpdateTracker = createUpdateTracker(0);
let captured: Promise<string> = Promise.resolve('');
/** Takes what is to be captured; null when nothing is. */
let keep: ((text: string) => void) | null = null;

const api: ReadersApi = {
  async open(options) {
    tracker = createUpdateTracker(options.sockets * options.perSocket);
    findUpdate = createFindUpdate(options.updates);
    const indexes = Array.from({ length: options.sockets }, (_, index) => index).values();
    const workers = Array.from({ length: OPENING }, async () => {
      for (const index of indexes) sockets.push(await openPatiently(index, options));
    });
    await Promise.all(workers);
  },
  reached: ({ n, ms }) => tracker.reached(n, ms),
  read: () => ({ ...tracker.read(), closed }),
  reset: () => tracker.reset(),
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

/** Tries again, as clients do: a machine under load may keep a server from greeting in time. */
async function openPatiently(index: number, options: OpenOptions): Promise<ReaderSocket> {
  for (let tries = 1; tries < 3; tries += 1) {
    try {
      return await open(index, options);
    } catch {
      // The last try tells what is wrong.
    }
  }
  return open(index, options);
}

function open(index: number, options: OpenOptions): Promise<ReaderSocket> {
  const { port, localAddress, documents, perSocket, streams } = options;
  const first = index * perSocket;
  const own = Array.from(
    { length: perSocket },
    (_, slot) => documents[(first + slot) % documents.length] ?? '',
  );
  return new Promise((resolve, reject) => {
    openReaderSocket({
      port,
      localAddress,
      documents: own,
      buffer,
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

  /** With several streams, the one that a payload is of tells which of the socket's subscriptions it is for. */
  function slotOf(update: number): number {
    if (streams === 1) return 0;
    return (Math.floor(update / STREAM) - (first % streams) + streams) % streams;
  }
}

function keepText({ bytes, from, to }: Frame): void {
  keep?.(bytes.toString('utf8', from, to));
  keep = null;
}
