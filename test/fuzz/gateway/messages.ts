/** What the process of a gateway says first: it listens. */
export interface Ready {
  readonly port: number;
}

/** What it can be asked: how it took what it was fed, and, collecting garbage first, how much memory it holds. */
export type Question = 'account' | 'heap';

/** How it took what it was fed since it was last asked. */
export interface Account {
  /** What must not happen: an error in the log, a warning of the process. */
  readonly faults: readonly string[];
  /** What it worked, in milliseconds. */
  readonly cpuMs: number;
  /** Subscriptions that are open. */
  readonly readers: number;
  /** Connections that are open. */
  readonly sockets: number;
}

/** How much memory it holds. */
export interface Heap {
  /** The JavaScript heap in use, and what hangs on it outside. */
  readonly bytes: number;
}
