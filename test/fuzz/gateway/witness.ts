import WebSocket from 'ws';
import { Violation } from '../harness/violation.js';
import { WITNESS_ID } from './sessions.js';

/** A healthy client with a subscription that must not be disturbed by other inputs. */
export interface Witness {
  /** Throws if it missed an update, received one twice, or was disconnected. */
  assertUndisturbed(): void;
  /** Resolves when it received this update. Rejects on timeout. */
  until(tick: number): Promise<void>;
  end(): void;
}

/** Maximum delay of an update, in milliseconds. */
const UPDATE_TIMEOUT_MS = 10_000;

const QUERY = `subscription {
  targetChanges(session: "${WITNESS_ID}") {
    conflated
    changes { target { state { ... on TargetStateWaiting { waitReason } } } }
  }
}`;

/** Subscribes. Resolves with the first payload. */
export async function startWitness(port: number): Promise<Witness> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  const waiting = new Set<() => void>();
  let last: number | null = null;
  let failure: string | null = null;
  socket.on('error', (error) => fail(error.message));
  socket.on('close', (code) => fail(`closed with ${code}`));
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (bytes) => take(JSON.parse(String(bytes))));
  await until(0);
  return { assertUndisturbed, until, end: () => socket.terminate() };

  function take(message: { readonly type: string; readonly payload?: unknown }): void {
    if (message.type === 'connection_ack') send({ id: 'w', type: 'subscribe', payload: { query: QUERY } });
    else if (message.type !== 'next') fail(JSON.stringify(message));
    else if (last !== null && numberIn(message) !== last + 1)
      fail(`after update ${last}: ${JSON.stringify(message)}`);
    else {
      last = numberIn(message);
      for (const check of waiting) check();
    }
  }

  function send(message: object): void {
    socket.send(JSON.stringify(message));
  }

  function fail(why: string): void {
    failure ??= why;
    for (const check of waiting) check();
  }

  function assertUndisturbed(): void {
    if (failure !== null) throw new Violation('the witness client was disturbed', failure);
  }

  function until(tick: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => fail(`update ${tick} did not arrive within ${UPDATE_TIMEOUT_MS} ms`),
        UPDATE_TIMEOUT_MS,
      );
      waiting.add(check);
      check();

      function check(): void {
        if (failure === null && (last === null || last < tick)) return;
        waiting.delete(check);
        clearTimeout(timer);
        if (failure === null) resolve();
        else reject(new Violation('the witness client was disturbed', failure));
      }
    });
  }
}

/** Number of the update in a payload; NaN if it has no update or merges several. */
function numberIn(message: object): number {
  const [, number] = /"conflated":0,.*"waitReason":"(\d+)"/.exec(JSON.stringify(message)) ?? [];
  return Number(number);
}
