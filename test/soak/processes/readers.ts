import { createRandom } from '../../../src/providers/demo/random.js';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import { createReaderLoad, type ReaderLoad } from '../readers/reader-load.js';
import type { ReadersApi } from './api.js';

let load: ReaderLoad | null = null;

const api: ReadersApi = {
  start({ url, ids, seed }) {
    load = createReaderLoad({ url, ids, random: createRandom(seed) });
  },
  churn: (pace) => started().churn(pace),
  settle: ({ model, ms }) => started().settle(model, ms),
  closeReaders: ({ includeHalfOpen }) => started().closeReaders(includeHalfOpen),
  counts: () => started().counts(),
};
answerCalls(api);

function started(): ReaderLoad {
  if (!load) throw new Error('Call start() before any other function of the reader process.');
  return load;
}
