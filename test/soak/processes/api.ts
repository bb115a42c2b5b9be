import type { Truth } from '../model/truth.js';
import type { Pace } from '../pace.js';

/** What only the gateway's own parts know. */
export interface Inside {
  /** Open subscriptions. */
  readonly readers: number;
  /** Timers that the gateway has set and that wait. */
  readonly timers: number;
}

/** What the process of the gateway holds, once it has nothing to do. */
export interface Figures extends Inside {
  /** JavaScript heap in use after collection, in bytes. */
  readonly heapBytes: number;
  readonly rssBytes: number;
  /** Open files, sockets among them; null where the system does not tell. */
  readonly files: number | null;
  /** What keeps the process alive, by kind. */
  readonly handles: Readonly<Record<string, number>>;
  /** Objects of some classes that live, by class. */
  readonly objects: Readonly<Record<string, number>>;
  /** Listeners to events of the process. */
  readonly listeners: number;
}

/** What is seen of the process at any moment. */
export type Glance = Pick<Figures, 'heapBytes' | 'rssBytes' | 'readers' | 'files'>;

/** What the process of the gateway can be asked. */
export type GatewayApi = {
  start(options: {
    readonly kubeconfig: string;
    readonly retainMs: number;
  }): Promise<{ readonly port: number }>;
  /** Answers when it has time to: it has read what had come before. */
  keptUp(): void;
  /** Collects garbage. */
  glance(): Glance;
  /** Resolves once no subscription is open, with whether that came about within `ms`. */
  deserted(options: { readonly ms: number }): Promise<boolean>;
  figures(): Promise<Figures>;
  /** Closes the gateway; gives what it still holds. */
  close(): Promise<Inside>;
};

/** What readers have done and seen since they began. */
export interface ReaderCounts {
  /** Connections that the gateway took, over WebSocket and as event streams. */
  readonly connects: number;
  readonly payloads: number;
  /** Subscriptions that went on from a cursor, and those of them that were given everything anew. */
  readonly resumes: number;
  readonly resets: number;
  /** Payloads of several updates folded into one. */
  readonly conflated: number;
  readonly stalls: number;
  /** Readers that never read again, and were cut by the gateway. */
  readonly cut: number;
  /** States that were compared with the truth: of payloads, and at rests. */
  readonly compared: number;
  /** What was wrong: how often, and the first of it. */
  readonly wrong: number;
  readonly firstWrong: readonly string[];
}

/** What the process of the readers can be asked. */
export type ReadersApi = {
  start(options: { readonly url: string; readonly ids: readonly string[]; readonly seed: number }): void;
  /** Readers come and go, at that pace. */
  churn(pace: Pace): Promise<void>;
  /** Everybody reads; resolves once all hold the truth, or `ms` are over: who does not hold it then is wrong. */
  settle(options: { readonly truth: Truth; readonly ms: number }): Promise<void>;
  /** All leave; those that were to be cut by the gateway, only with `everyone`. */
  leave(options: { readonly everyone: boolean }): void;
  counts(): ReaderCounts;
};
