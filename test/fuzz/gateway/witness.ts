import WebSocket from 'ws';
import { Violation } from '../harness/violation.js';
import { WITNESS_ID } from './sessions.js';

/** A healthy client with a subscription, which others' inputs must not disturb. */
export interface Witness {
  /** Throws when it missed an update, got one twice, or lost its connection. */
  mustBeUndisturbed(): void;
  /** Resolves once it has been told of this update. Rejects when that takes too long. */
  until(tick: number): Promise<void>;
  end(): void;
}

/** How late an update may be, in milliseconds: time for a busy machine, and little for a client that waits. */
const PATIENCE_MS = 10_000;

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
  let trouble: string | null = null;
  socket.on('error', (error) => lose(error.message));
  socket.on('close', (code) => lose(`closed with ${code}`));
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (bytes) => take(JSON.parse(String(bytes))));
  await until(0);
  return { mustBeUndisturbed, until, end: () => socket.terminate() };

  function take(message: { readonly type: string; readonly payload?: unknown }): void {
    if (message.type === 'connection_ack') send({ id: 'w', type: 'subscribe', payload: { query: QUERY } });
    else if (message.type !== 'next') lose(JSON.stringify(message));
    else if (last !== null && numberIn(message) !== last + 1)
      lose(`after update ${last}: ${JSON.stringify(message)}`);
    else {
      last = numberIn(message);
      for (const check of waiting) check();
    }
  }

  function send(message: object): void {
    socket.send(JSON.stringify(message));
  }

  function lose(why: string): void {
    trouble ??= why;
    for (const check of waiting) check();
  }

  function mustBeUndisturbed(): void {
    if (trouble !== null) throw new Violation('another client was disturbed', trouble);
  }

  function until(tick: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => lose(`update ${tick} did not come in ${PATIENCE_MS} ms`), PATIENCE_MS);
      waiting.add(check);
      check();

      function check(): void {
        if (trouble === null && (last === null || last < tick)) return;
        waiting.delete(check);
        clearTimeout(timer);
        if (trouble === null) resolve();
        else reject(new Violation('another client was disturbed', trouble));
      }
    });
  }
}

/** The number of the update that a payload tells of; NaN when it tells of none, or of several in one. */
function numberIn(message: object): number {
  const [, number] = /"conflated":0,.*"waitReason":"(\d+)"/.exec(JSON.stringify(message)) ?? [];
  return Number(number);
}
