import { between, type Random } from '../../../src/providers/demo/random.js';
import type { Connect } from './connection.js';
import { connectEventStream } from './event-stream.js';
import { connectGraphqlWs } from './graphql-ws-client.js';
import { connectWebSocket } from './web-socket.js';

/** How a reader is going to behave. */
export interface Stay {
  readonly connect: Connect;
  /** How many subscriptions it has. */
  readonly operations: number;
  /** For how long it stays, once it is let in, in milliseconds. */
  readonly ms: number;
  /** Whether it may leave before it is let in. */
  readonly isHasty: boolean;
  /** When it stops to read and for how long, in milliseconds; null when it always reads. */
  readonly stall: { readonly afterMs: number; readonly ms: number } | null;
  /** Whether it says goodbye. */
  readonly politely: boolean;
  /** Whether it never reads again once it has stalled. */
  readonly isHalfOpen: boolean;
}

/** One that is always there, and reads. */
export const FOR_EVER: Stay = {
  connect: connectWebSocket,
  operations: 1,
  ms: Number.POSITIVE_INFINITY,
  isHasty: false,
  stall: null,
  politely: true,
  isHalfOpen: false,
};

/** Of a thousand readers, so many never read again: their connections are half-open, until the gateway cuts them. */
const HALF_OPEN = 1;

/** Of a hundred readers, so many leave before they are let in, so many stay for long, and so many stop to read. */
const [HASTY, STAYING, STALLING] = [3, 1, 8];

/** So often a WebSocket has two subscriptions. */
const TWOFOLD = 0.3;

/** How a reader behaves, by chance. */
export function anyStay(random: Random): Stay {
  if (random() * 1_000 < HALF_OPEN) return HALF_OPEN_STAY;
  const connect = anyConnect(random);
  const isHasty = random() * 100 < HASTY;
  const stall =
    random() * 100 < STALLING ? { afterMs: between(random, 50, 500), ms: between(random, 200, 4_000) } : null;
  return {
    connect,
    operations: connect !== connectEventStream && random() < TWOFOLD ? 2 : 1,
    ms: isHasty ? between(random, 0, 5) : anyTime(random) + (stall?.ms ?? 0),
    isHasty,
    stall,
    politely: random() < 0.6,
    isHalfOpen: false,
  };
}

const HALF_OPEN_STAY: Stay = {
  ...FOR_EVER,
  stall: { afterMs: 200, ms: Number.POSITIVE_INFINITY },
  isHalfOpen: true,
};

/** Mostly short: 0.35 s on average. */
function anyTime(random: Random): number {
  if (random() * 100 < STAYING) return between(random, 8_000, 20_000);
  return 20 - 330 * Math.log(1 - random());
}

function anyConnect(random: Random): Connect {
  const dice = random();
  if (dice < 0.12) return connectEventStream;
  return dice < 0.18 ? connectGraphqlWs : connectWebSocket;
}
