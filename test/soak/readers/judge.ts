import type { Version } from '../model/truth.js';
import type { Compare } from './fold.js';

/** Keeps what readers saw until the truth of it is known, and counts what is wrong. */
export interface Judge {
  readonly compared: number;
  readonly wrong: number;
  /** The first of what is wrong, for people. */
  readonly firstWrong: readonly string[];
  /** See `Compare`. What several saw is kept once; who sees something else than another did, is wrong at once. */
  readonly compare: Compare;
  /** Learns what is true, and judges what was seen so far: all of it must be of a version that is known now. */
  learn(versions: readonly Version[]): void;
  /** Something else was compared, and is wrong if there is a reason. */
  note(reason: string | null): void;
}

/** How many versions are remembered for readers that lag: minutes of them. */
const KNOWN_VERSIONS = 200_000;

/** How many wrong things are told in words. */
const TOLD = 20;

/** Has seen nothing. */
export function createJudge(): Judge {
  const known = new Map<string, Version>();
  const seen = new Map<string, { readonly key: string; readonly what: string; readonly value: string }>();
  const firstWrong: string[] = [];
  let compared = 0;
  let wrong = 0;

  return {
    get compared() {
      return compared;
    },
    get wrong() {
      return wrong;
    },
    firstWrong,
    compare(key, what, value) {
      compared += 1;
      const place = `${key} ${what}`;
      const other = seen.get(place);
      if (!other) seen.set(place, { key, what, value });
      else if (other.value !== value)
        accuse(`${what} at ${key}: ${value} for one reader, ${other.value} for another`);
    },
    learn(versions) {
      for (const version of versions) known.set(version.key, version);
      for (const { key, what, value } of seen.values()) {
        const expected = truthOf(known.get(key), what);
        if (expected !== value)
          accuse(`${what} at ${key}: ${value}, not ${expected ?? 'anything: it never was'}`);
      }
      seen.clear();
      for (const key of known.keys()) {
        if (known.size <= KNOWN_VERSIONS) break;
        known.delete(key);
      }
    },
    note(reason) {
      compared += 1;
      if (reason !== null) accuse(reason);
    },
  };

  function accuse(reason: string): void {
    wrong += 1;
    if (firstWrong.length < TOLD) firstWrong.push(reason);
  }
}

function truthOf(version: Version | undefined, what: string): string | undefined {
  if (what === 'counts') return version?.counts;
  const sum = version?.sums[Number(what.replace('targets ', ''))];
  return sum === undefined ? undefined : String(sum);
}
