import { type Client, type ClientOptions, createClient } from '../../src/client/client.js';
import type { ClientInternals } from '../../src/client/create-client.js';

/** A client that is closed at the end of its block (`await using`). */
export interface DisposableClient extends Client, AsyncDisposable {}

/** Creates a client that closes itself on disposal. */
export function openDisposableClient(options: ClientOptions, internals?: ClientInternals): DisposableClient {
  const client = createClient(options, internals);
  return { ...client, [Symbol.asyncDispose]: async () => client.close() };
}
