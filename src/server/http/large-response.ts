import type { ServerResponse } from 'node:http';
import type { LargeAnswer } from '../../graphql/job.js';

/** The large answer of a response, which is sent past Yoga: that would make one text of it, and Node.js three times as many bytes. */
export interface LargeResponse {
  /** Null for any other response. */
  readonly answer: LargeAnswer | null;
  /** Takes the answer, which counts as unsent until the response has closed. */
  take(answer: LargeAnswer): void;
}

/**
 * Creates the place for the large answer of a response.
 *
 * @param cut closes the response's connection when its client takes too long
 */
export function createLargeResponse(response: ServerResponse, cut: () => void): LargeResponse {
  let answer: LargeAnswer | null = null;
  return {
    get answer() {
      return answer;
    },
    take(taken) {
      answer = taken;
      const release = taken.memory.retain(cut);
      if (response.closed) release();
      else response.once('close', release);
    },
  };
}
