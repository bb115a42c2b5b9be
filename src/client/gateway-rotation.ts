import { type ClientError, combineFailures } from './client-error.js';
import type { Endpoint } from './endpoint.js';
import { RESPONSE_TIMEOUT_MS } from './socket.js';

/** The gateways of a connection, which are tried in turn. */
export interface GatewayRotation {
  /** The current gateway, or the next to try. */
  readonly current: Endpoint;
  /** Time limit of a connection to the current gateway, in milliseconds. */
  connectMs(): number;
  /**
   * Records a failure of the current gateway, and moves on to the next. Returns the latest failures of all
   * gateways, combined.
   */
  fail(error: ClientError): ClientError;
  /** Whether every gateway has failed since the failures were cleared. */
  haveAllFailed(): boolean;
  /** Clears the failures, because a gateway is connected or none is needed. */
  clearFailures(): void;
}

/**
 * Time limit of the first connection to each of several gateways, in milliseconds. It leaves time for another
 * one: a wait with a timeout of 0 allows 3 s for the first answer. It doubles when all have failed, since
 * they may be busy.
 */
const FIRST_CONNECT_MS = 2_000;

/** Creates the rotation. It begins with the first gateway. */
export function createGatewayRotation(endpoints: readonly [Endpoint, ...Endpoint[]]): GatewayRotation {
  let index = 0;
  /** The latest failures, by the order of the gateways. */
  const failures: (ClientError | undefined)[] = endpoints.map(() => undefined);
  let failureCount = 0;

  return {
    get current() {
      return endpoints[index] ?? endpoints[0];
    },
    connectMs() {
      if (endpoints.length === 1) return RESPONSE_TIMEOUT_MS;
      const rounds = Math.floor(failureCount / endpoints.length);
      return Math.min(FIRST_CONNECT_MS * 2 ** rounds, RESPONSE_TIMEOUT_MS);
    },
    fail(error) {
      failures[index] = error;
      failureCount += 1;
      index = (index + 1) % endpoints.length;
      const known = failures.filter((failure) => failure !== undefined);
      return combineFailures(known, error);
    },
    haveAllFailed: () => failureCount >= endpoints.length,
    clearFailures() {
      failures.fill(undefined);
      failureCount = 0;
    },
  };
}
