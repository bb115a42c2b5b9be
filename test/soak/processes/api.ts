import type { ModelState } from '../model/model-state.js';
import type { Pace } from '../pace.js';

/** State known only to the code of a gateway or a publisher. */
export interface Internals {
  /** Number of open subscriptions. 0 in a publisher. */
  readonly readers: number;
  /** Number of its pending timers. */
  readonly timers: number;
}

/** Resources held by an idle process. */
export interface Figures extends Internals {
  /** JavaScript heap in use after garbage collection, in bytes. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Open files including sockets; null if the system does not report them. */
  readonly files: number | null;
  /** Active handles, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Live objects of some classes, by class. Not counted in a publisher. */
  readonly objects: Readonly<Record<string, number>>;
  /** Listeners on events of the process. */
  readonly listeners: number;
}

/** Figures that can be read at any time. */
export type QuickFigures = Pick<Figures, 'heapBytes' | 'rssBytes' | 'readers' | 'files'>;

/** API of the gateway process. */
export type GatewayApi = {
  start(options: {
    readonly kubeconfig: string;
    /** Address of the bucket that the publisher writes to. */
    readonly bucket: string;
    readonly retainMs: number;
  }): Promise<{ readonly port: number }>;
  /** Answers when the process has handled everything that arrived before. */
  caughtUp(): void;
  /** Collects garbage, then reads the quick figures. */
  glance(): QuickFigures;
  /** Resolves with whether all subscriptions ended within `ms`. */
  untilNoReaders(options: { readonly ms: number }): Promise<boolean>;
  figures(): Promise<Figures>;
  /** Closes the gateway. Returns what it still holds. */
  close(): Promise<Internals>;
};

/** API of the process that publishes Tilts to a bucket. */
export type PublisherApi = {
  start(options: { readonly kubeconfig: string; readonly bucket: string }): void;
  /** Answers when the process has handled everything that arrived before. */
  caughtUp(): void;
  figures(): Promise<Figures>;
  /** Marks the Sessions GONE and ends. Returns what it still holds. */
  close(): Promise<Internals>;
};

/** Counts since the readers started. */
export interface ReaderCounts {
  /** Connections that the gateway accepted, over WebSocket and as event streams. */
  readonly connects: number;
  readonly payloads: number;
  /** Subscriptions resumed from a cursor, and those of them that began with a reset. */
  readonly resumes: number;
  readonly resets: number;
  /** Payloads that merge several updates. */
  readonly conflated: number;
  readonly stalls: number;
  /** Half-open readers that the gateway disconnected. */
  readonly cut: number;
  /** States compared with the model, of payloads and of idle readers. */
  readonly compared: number;
  /** Number of differences from the model, and the first of them. */
  readonly mismatches: number;
  readonly firstMismatches: readonly string[];
}

/** API of the reader process. */
export type ReadersApi = {
  start(options: { readonly url: string; readonly ids: readonly string[]; readonly seed: number }): void;
  /** Opens and closes readers at this rate. */
  churn(pace: Pace): Promise<void>;
  /**
   * Makes all readers read. Resolves when all hold the model state. A reader that does not after `ms` is a
   * mismatch.
   */
  settle(options: { readonly model: ModelState; readonly ms: number }): Promise<void>;
  /** Closes the readers, with `includeHalfOpen` also those that wait for the gateway to disconnect them. */
  closeReaders(options: { readonly includeHalfOpen: boolean }): void;
  counts(): ReaderCounts;
};
