import { afterAll, beforeAll } from 'vitest';
import { type NatsServer, startNats } from '../../support/nats-server.js';

/** Runs a NATS server for all tests of a file. Its addresses are available in tests and hooks. */
export function useNats(): Pick<NatsServer, 'address'> {
  let nats: NatsServer;
  beforeAll(async () => {
    nats = await startNats();
  });
  afterAll(() => nats[Symbol.asyncDispose]());
  return { address: (bucket) => nats.address(bucket) };
}
