import { STREAM } from '../clients/find-update.js';
import type { HttpLoadApi } from '../clients/http-load.js';
import type { OpenOptions, ReadersApi } from '../clients/readers.js';
import { BEFORE } from '../parts/before.js';
import { OURS } from '../parts/part.js';
import type { Child } from '../processes/child-calls.js';
import type { ServerApi, StartOptions } from '../servers/control.js';
import { startChild } from './child.js';

/** Context of a measurement: starts servers and clients. */
export interface Bench {
  /** Whether this is a smoke run, with small numbers and short times. */
  readonly quick: boolean;
  /** Aborts when the run stops. */
  readonly signal: AbortSignal;
  /** Starts a server from `servers/`. Default: one session with 100 targets. */
  startServer(name: string, options?: Partial<StartOptions>): Promise<RunningServer>;
  /** Starts a reader process. */
  openReaders(
    options: Partial<OpenOptions> & Pick<OpenOptions, 'port' | 'documents' | 'sockets'>,
  ): Promise<Child<ReadersApi>>;
  /** Starts the process that loads an HTTP server. */
  startHttpLoad(): Child<HttpLoadApi>;
}

/** A server in its own process. */
export interface RunningServer extends Child<ServerApi> {
  readonly port: number;
}

/** Number of services in the benchmark's session. Each has two targets. */
export const SERVICES = 50;

/** Creates the context. `before` is the folder of the checkout that `tilt-graphql-before` runs. */
export function createBench(quick: boolean, signal: AbortSignal, before: string | null): Bench {
  return {
    quick,
    signal,
    async startServer(name, options = {}) {
      const isBefore = name === BEFORE;
      const file = `servers/${isBefore ? OURS : name}`;
      const child = startChild<ServerApi>(file, signal, isBefore ? (before ?? undefined) : undefined);
      const { port } = await orDispose(
        child,
        child.call('start', { services: SERVICES, streams: 1, ...options }),
      );
      return { ...child, port };
    },
    async openReaders(options) {
      const child = startChild<ReadersApi>('clients/readers', signal);
      const defaults = {
        perSocket: 1,
        streams: 1,
        updates: STREAM,
        localAddress: null,
        transport: 'websocket',
      } as const;
      await orDispose(child, child.call('open', { ...defaults, ...options }, OPENING_MS));
      return child;
    },
    startHttpLoad: () => startChild<HttpLoadApi>('clients/http-load', signal),
  };
}

/** Timeout for opening tens of thousands of subscriptions. */
const OPENING_MS = 240_000;

/** Disposes the process if its start fails, because no `await using` block owns it yet. */
async function orDispose<T>(child: AsyncDisposable, begun: Promise<T>): Promise<T> {
  try {
    return await begun;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
}
