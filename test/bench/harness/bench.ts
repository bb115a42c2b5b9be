import { STREAM } from '../clients/find-update.js';
import type { HttpLoadApi } from '../clients/http-load.js';
import type { OpenOptions, ReadersApi } from '../clients/readers.js';
import { BEFORE } from '../parts/before.js';
import { OURS } from '../parts/part.js';
import type { ServerApi, StartOptions } from '../servers/control.js';
import { type Child, startChild } from './child.js';

/** What a part works with. */
export interface Bench {
  /** A smoke run: small numbers and short times. */
  readonly quick: boolean;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Starts a server that is a file of `servers/`, with 100 targets in one Session unless told otherwise. */
  startServer(name: string, options?: Partial<StartOptions>): Promise<RunningServer>;
  /** Starts a process of readers. */
  openReaders(
    options: Partial<OpenOptions> & Pick<OpenOptions, 'port' | 'documents' | 'sockets'>,
  ): Promise<Child<ReadersApi>>;
  /** Starts the process that loads an HTTP server. */
  startHttpLoad(): Child<HttpLoadApi>;
}

/** A server in a process of its own. */
export interface RunningServer extends Child<ServerApi> {
  readonly port: number;
}

/** How many services the Session of the benchmark has: each is two targets. */
export const SERVICES = 50;

/** What parts work with; `before` is the folder of the checkout that `tilt-graphql-before` runs. */
export function createBench(quick: boolean, signal: AbortSignal, before: string | null): Bench {
  return {
    quick,
    signal,
    async startServer(name, options = {}) {
      const isBefore = name === BEFORE;
      const file = `servers/${isBefore ? OURS : name}`;
      const child = startChild<ServerApi>(file, signal, isBefore ? (before ?? undefined) : undefined);
      const { port } = await orEnd(
        child,
        child.call('start', { services: SERVICES, streams: 1, ...options }),
      );
      return { ...child, port };
    },
    async openReaders(options) {
      const child = startChild<ReadersApi>('clients/readers', signal);
      const defaults = { perSocket: 1, streams: 1, updates: STREAM, localAddress: '127.0.0.1' };
      await orEnd(child, child.call('open', { ...defaults, ...options }, OPENING_MS));
      return child;
    },
    startHttpLoad: () => startChild<HttpLoadApi>('clients/http-load', signal),
  };
}

/** Opening tens of thousands of subscriptions takes its time. */
const OPENING_MS = 240_000;

/** A process that does not begin well has no block yet to end it. */
async function orEnd<T>(child: AsyncDisposable, begun: Promise<T>): Promise<T> {
  try {
    return await begun;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}
