import { once } from 'node:events';
import { connect } from 'node:net';
import { answerCalls } from '../processes/answer-calls.js';
import { nanoseconds } from '../processes/usage.js';

/** API of the process that reads from the raw pipe. */
export type PipeReaderApi = {
  open(options: { readonly port: number }): Promise<void>;
  /** Time at which each line was complete, by `nanoseconds`. */
  arrivals(): readonly number[];
};

const arrivals: number[] = [];

const api: PipeReaderApi = {
  async open({ port }) {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('data', (bytes) => {
      for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1))
        arrivals.push(nanoseconds());
    });
    await once(socket, 'connect');
  },
  arrivals: () => arrivals,
};
answerCalls(api);
