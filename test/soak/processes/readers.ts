import { createRandom } from '../../../src/providers/demo/random.js';
import { answerCalls } from '../../bench/processes/answer-calls.js';
import { type Crowd, createCrowd } from '../readers/crowd.js';
import type { ReadersApi } from './api.js';

let crowd: Crowd | null = null;

const api: ReadersApi = {
  start({ url, ids, seed }) {
    crowd = createCrowd({ url, ids, random: createRandom(seed) });
  },
  churn: (pace) => started().churn(pace),
  settle: ({ truth, ms }) => started().settle(truth, ms),
  leave: ({ everyone }) => started().leave(everyone),
  counts: () => started().counts(),
};
answerCalls(api);

function started(): Crowd {
  if (!crowd) throw new Error('The readers do not know yet where to go.');
  return crowd;
}
