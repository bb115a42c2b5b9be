import type { IncomingHttpHeaders } from 'node:http';
import type { Reads } from '../../graphql/reads.js';
import type { Log } from '../../lib/log.js';
import type { Grant } from '../access/access.js';
import type { LargeResponse } from './large-response.js';

/** A request whose answer was not in the cache, on its way through Yoga. */
export interface Miss {
  readonly key: string;
  /** What its query read, once it was executed without an error. */
  reads: Reads | null;
}

/** What Yoga is given with each request. */
export interface ServerContext {
  /** What the client may see. */
  readonly grant: Grant;
  /** The request's. */
  readonly headers: IncomingHttpHeaders;
  /** Says which request it is about. */
  readonly log: Log;
  /** Calls back when the client's connection has closed, also if its answer's turn never came. Returns the end of it. */
  onGone(listener: () => void): () => void;
  /** Whether the client's connection is still open. */
  isWanted(): boolean;
  /** Null when the operation may go on now that its body is parsed; otherwise resolves when it may. See `LoopBudget`. */
  goOn(): Promise<void> | null;
  /** Null where the response takes more; otherwise resolves once it has drained, or closed. */
  drained(): Promise<void> | null;
  /** Closes the client's connection, which has taken too long to read. */
  cut(): void;
  /** The answer, where it is large. */
  readonly large: LargeResponse;
  /** None when the answer is not to be kept. */
  readonly miss?: Miss;
}
