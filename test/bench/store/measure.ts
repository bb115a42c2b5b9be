import { median } from '../harness/statistics.js';
import { answerCalls } from '../processes/answer-calls.js';
import { usage } from '../processes/usage.js';
import { type Case, listAnew, oneOfMany, oneSession } from './cases.js';
import { loadLibrary } from './library.js';

/** What a case came to. */
export interface CaseResult {
  readonly name: string;
  /** The median of `JSON.parse` of the update's bytes, in milliseconds. */
  readonly parse: number;
  /** The median of all that is done with what it gives, in milliseconds. */
  readonly apply: number;
  /** By how much the heap grew for what is stored, in megabytes. */
  readonly heap: number;
}

/** What the harness asks of this process. */
export type StoreApi = {
  measure(options: { readonly quick: boolean }): Promise<readonly CaseResult[]>;
};

const api: StoreApi = {
  async measure({ quick }) {
    const library = await loadLibrary();
    const rounds = quick ? 30 : 300;
    return [
      run(() => oneSession(library, 10_000), rounds),
      run(() => listAnew(library, 1_000), rounds),
      run(() => oneOfMany(library, 1_000), rounds * 10),
      run(() => oneOfMany(library, 100_000), rounds * 10),
    ];
  },
};
answerCalls(api);

function run(create: () => Case, rounds: number): CaseResult {
  const empty = usage({ collect: true }).heapBytes;
  const { name, texts, apply } = create();
  const parseTimes: number[] = [];
  const applyTimes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const text = texts[round % 2] ?? '';
    const start = performance.now();
    const value: unknown = JSON.parse(text);
    const parsed = performance.now();
    apply(value);
    applyTimes.push(performance.now() - parsed);
    parseTimes.push(parsed - start);
  }
  const heap = (usage({ collect: true }).heapBytes - empty) / 1e6;
  const late = rounds / 3;
  return { name, parse: median(parseTimes.slice(late)), apply: median(applyTimes.slice(late)), heap };
}
