import { WebSocket } from 'ws';
import { sessionId } from '../data/session.js';
import type { Bench } from '../harness/bench.js';
import { atMost, type Column, OURS, type Part, type Row } from './part.js';

/** The same readers without a cursor, who get the complete state. */
const WITHOUT_CURSOR = `${OURS}-no-cursor`;

const CPU: Column = { key: 'cpu', title: 'CPU µs/reader', digits: 0 };
const PAYLOADS: Column = { key: 'payloads', title: 'payloads on return', digits: 2 };

/** Readers whose Session was quiet while other Sessions changed more often than the journal has revisions. */
export const quietReaders: Part = {
  name: 'quiet',
  title: '1,000 readers return after 100,000 revisions of another Session, none of their own',
  entrants: [OURS, WITHOUT_CURSOR],
  columns: [CPU, PAYLOADS, { key: 'bytes', title: 'bytes on return', digits: 0 }],
  // The connection is most of the CPU time of both.
  goals: [atMost(PAYLOADS, 0)],
  measure,
};

/** Session of the readers. Session 0 is the one that changes. */
const QUIET = sessionId(1);

/** Payloads that a reader received. */
interface Received {
  readonly payloads: readonly Changes[];
  readonly bytes: number;
}

interface Changes {
  readonly cursor: string;
  readonly reset: boolean;
}

async function measure(entrant: string, bench: Bench): Promise<Row[]> {
  const [count, revisions] = bench.quick ? [100, 11_000] : [1_000, 100_000];
  await using server = await bench.startServer(OURS, { streams: 2 });
  const first = openReader(server.port, null);
  const [snapshot] = (await first.after(1)).payloads;
  first.close();
  await server.call('emit', { count: revisions, perTurn: 100 }, 600_000);
  const since = entrant === OURS ? (snapshot?.cursor ?? null) : null;
  const before = await server.call('usage', {});
  const readers = [];
  for (let index = 0; index < count; index += 1) {
    const reader = openReader(server.port, since);
    await reader.answered;
    readers.push(reader);
  }
  const after = await server.call('usage', {});
  // One update of each Session, which every reader has to receive last.
  await server.call('pace', { count: 1, everyMs: 10 });
  const received = await Promise.all(readers.map((reader) => reader.after(since === null ? 2 : 1)));
  for (const reader of readers) reader.close();
  const onReturn = received.map(({ payloads }) => payloads.length - 1);
  const values = {
    cpu: (after.cpuMicros - before.cpuMicros) / count,
    payloads: sum(onReturn) / count,
    bytes: sum(received.map(({ bytes }) => bytes)) / count,
  };
  const isCorrect = received.every(({ payloads }) => payloads.at(-1)?.reset === false);
  return [{ name: entrant, values, fault: isCorrect ? null : 'an update after the return was missed' }];
}

/** Subscribes to the quiet Session, and then executes a query. */
function openReader(port: number, since: string | null) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', {
    perMessageDeflate: false,
  });
  const payloads: Changes[] = [];
  /** Bytes of all payloads but the last. */
  let [bytes, last] = [0, 0];
  let onPayload = () => {};
  let onAnswer = () => {};
  const answered = new Promise<void>((resolve, reject) => {
    onAnswer = resolve;
    socket.on('error', reject);
  });
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('message', (message) => {
    const { type, id, payload } = JSON.parse(String(message));
    if (type === 'connection_ack') subscribe();
    else if (type === 'next' && id === 'query') onAnswer();
    else if (type === 'next') {
      payloads.push(payload.data.targetChanges);
      [bytes, last] = [bytes + last, String(message).length];
      onPayload();
    }
  });
  return {
    answered,
    async after(count: number): Promise<Received> {
      while (payloads.length < count) {
        await new Promise<void>((resolve) => {
          onPayload = resolve;
        });
      }
      return { payloads, bytes };
    },
    close: () => socket.terminate(),
  };

  function subscribe(): void {
    const query = `subscription ($since: String) { targetChanges(session: "${QUIET}", since: $since) { cursor reset changes { type target { name phase } } } }`;
    send({ id: 'changes', type: 'subscribe', payload: { query, variables: { since } } });
    send({ id: 'query', type: 'subscribe', payload: { query: '{ __typename }' } });
  }

  function send(message: object): void {
    socket.send(JSON.stringify(message));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
