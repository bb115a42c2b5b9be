import { between, type Random } from '../../../src/providers/demo/random.js';
import type { Connect } from './connection.js';
import { connectCompressedEventStream, connectEventStream } from './event-stream.js';
import { connectGraphqlWs } from './graphql-ws-client.js';
import { connectCompressedWebSocket, connectWebSocket } from './web-socket.js';

/** Behaviour of a reader. */
export interface Behaviour {
  readonly connect: Connect;
  /** Number of subscriptions. */
  readonly operations: number;
  /** Lifetime after the gateway accepted the connection, in milliseconds. */
  readonly ms: number;
  /** Whether it may close before the gateway accepts the connection. */
  readonly closesEarly: boolean;
  /** Start and duration of a pause in reading, in milliseconds; null if it always reads. */
  readonly stall: { readonly afterMs: number; readonly ms: number } | null;
  /** Whether it closes the protocol before the connection. */
  readonly isClean: boolean;
  /** Whether it never resumes after a stall. */
  readonly isHalfOpen: boolean;
}

/** A reader that stays connected and always reads. */
export const PERMANENT: Behaviour = {
  connect: connectWebSocket,
  operations: 1,
  ms: Number.POSITIVE_INFINITY,
  closesEarly: false,
  stall: null,
  isClean: true,
  isHalfOpen: false,
};

/**
 * Per mille of readers that never read again. Their connections stay half-open until the gateway closes them.
 */
const HALF_OPEN = 1;

/** Percentages of readers that close before they are accepted, that stay long, and that stall. */
const [EARLY, LONG, STALLING] = [3, 1, 8];

/** Share of WebSockets with two subscriptions. */
const TWO_SUBSCRIPTIONS = 0.3;

/** Chooses a random behaviour. */
export function randomBehaviour(random: Random): Behaviour {
  if (random() * 1_000 < HALF_OPEN) return HALF_OPEN_BEHAVIOUR;
  const connect = randomConnect(random);
  const closesEarly = random() * 100 < EARLY;
  const stall =
    random() * 100 < STALLING ? { afterMs: between(random, 50, 500), ms: between(random, 200, 4_000) } : null;
  return {
    connect,
    operations: !EVENT_STREAMS.has(connect) && random() < TWO_SUBSCRIPTIONS ? 2 : 1,
    ms: closesEarly ? between(random, 0, 5) : randomLifetime(random) + (stall?.ms ?? 0),
    closesEarly,
    stall,
    isClean: random() < 0.6,
    isHalfOpen: false,
  };
}

const HALF_OPEN_BEHAVIOUR: Behaviour = {
  ...PERMANENT,
  stall: { afterMs: 200, ms: Number.POSITIVE_INFINITY },
  isHalfOpen: true,
};

/** Random lifetime. Most are short: 0.35 s on average. */
function randomLifetime(random: Random): number {
  if (random() * 100 < LONG) return between(random, 8_000, 20_000);
  return 20 - 330 * Math.log(1 - random());
}

/** Clients that support one operation. */
const EVENT_STREAMS: ReadonlySet<Connect> = new Set([connectEventStream, connectCompressedEventStream]);

function randomConnect(random: Random): Connect {
  const dice = random();
  if (dice < 0.06) return connectCompressedEventStream;
  if (dice < 0.12) return connectEventStream;
  // Its WebSockets offer compression, as browsers do.
  if (dice < 0.18) return connectGraphqlWs;
  return dice < 0.4 ? connectCompressedWebSocket : connectWebSocket;
}
