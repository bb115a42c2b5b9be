import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { COSTLY, type CostlyRequest, LAST_ID } from '../data/costly.js';
import { answerCalls } from '../processes/answer-calls.js';
import { textFrame, upgradeRequest } from './frames.js';

/** API of the process that sends costly requests. */
export type CostlyLoadApi = {
  /**
   * Sends requests of these kinds for `seconds`. All clients send at once, each waits for its answer before
   * the next request.
   */
  run(options: RunOptions): Promise<Counts>;
};

interface RunOptions {
  readonly port: number;
  readonly clients: number;
  readonly seconds: number;
  /** Names of the kinds, taken in turn by the clients. An empty list sends nothing. */
  readonly kinds: readonly string[];
}

/** Number of requests sent and answered. */
interface Counts {
  readonly sent: number;
  /** Requests answered before the time was up. */
  readonly answered: number;
}

let count = 0;

const api: CostlyLoadApi = {
  async run({ port, clients, seconds, kinds }) {
    const costly = COSTLY.filter(({ name }) => kinds.includes(name));
    const end = AbortSignal.timeout(seconds * 1_000);
    const counts = { sent: 0, answered: 0 };
    if (costly.length === 0) await once(end, 'abort');
    await Promise.all(Array.from({ length: clients }, (_, client) => send(client)));
    return counts;

    async function send(client: number): Promise<void> {
      while (!end.aborted) {
        const kind = costly[(client + count) % costly.length];
        if (!kind) return;
        count += 1;
        counts.sent += 1;
        if (await exchange(kind, port, end)) counts.answered += 1;
      }
    }
  },
};
answerCalls(api);

/**
 * Sends one request over its own connection. Resolves with whether it was answered before the signal aborted.
 */
async function exchange({ over, bytes }: CostlyRequest, port: number, end: AbortSignal): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const abort = () => socket.destroy();
  end.addEventListener('abort', abort);
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(over === 'http')));
  const request = bytes(count);
  const answered = over === 'http' ? post(socket, request) : speak(socket, port, request);
  const isAnswered = await Promise.race([answered, closed]);
  end.removeEventListener('abort', abort);
  socket.destroy();
  return isAnswered && !end.aborted;
}

/** Sends the request. The answer is complete when the server closes the connection. */
function post(socket: Socket, request: Buffer): Promise<boolean> {
  socket.write(request);
  socket.resume();
  return new Promise(() => {});
}

function speak(socket: Socket, port: number, frames: Buffer): Promise<boolean> {
  const end = `{"id":"${LAST_ID}","type":"complete"}`;
  let isOpen = false;
  let last = '';
  socket.write(upgradeRequest(port, false));
  socket.write(textFrame('{"type":"connection_init"}'));
  return new Promise((resolve) => {
    socket.on('data', (bytes) => {
      last = last.slice(-end.length) + bytes.toString('latin1');
      if (!isOpen && last.includes('connection_ack')) {
        isOpen = true;
        socket.write(frames);
      }
      if (last.includes(end)) resolve(true);
    });
  });
}
