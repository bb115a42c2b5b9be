import { median } from '../harness/statistics.js';
import { answerCalls } from '../processes/answer-calls.js';
import { usage } from '../processes/usage.js';
import { type Case, oneOfMany, oneSession, relist } from './cases.js';
import { loadLibrary } from './library.js';

/** Result of a case. */
export interface CaseResult {
  readonly name: string;
  /** Median time of `JSON.parse` for the update, in milliseconds. */
  readonly parse: number;
  /** Median time of decode, diff and apply, in milliseconds. */
  readonly apply: number;
  /** Heap growth for the stored state, in megabytes. */
  readonly heap: number;
}

/** API of this process. */
export type StoreApi = {
  measure(options: { readonly quick: boolean }): Promise<readonly CaseResult[]>;
};

const api: StoreApi = {
  async measure({ quick }) {
    const library = await loadLibrary();
    const rounds = quick ? 30 : 300;
    return [
      run(() => oneSession(library, 10_000), rounds),
      run(() => relist(library, 1_000), rounds),
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
