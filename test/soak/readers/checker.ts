import type { Version } from '../model/model-state.js';
import type { Compare } from './fold.js';

/** Collects what readers received until the model knows the version, and counts the mismatches. */
export interface Checker {
  readonly compared: number;
  readonly mismatches: number;
  /** The first mismatches, as text. */
  readonly firstMismatches: readonly string[];
  /** See `Compare`. Equal values are stored once. Different values of two readers are a mismatch at once. */
  readonly compare: Compare;
  /**
   * Adds versions of the model and checks everything received so far. Every received version must now be
   * known.
   */
  addVersions(versions: readonly Version[]): void;
  /** Records another comparison; a mismatch if there is a reason. */
  record(reason: string | null): void;
}

/** Number of versions kept for readers that lag: several minutes. */
const MAX_VERSIONS = 200_000;

/** Maximum number of mismatches kept as text. */
const MAX_REASONS = 20;

/** Creates a checker without versions. */
export function createChecker(): Checker {
  const known = new Map<string, Version>();
  const seen = new Map<string, { readonly key: string; readonly what: string; readonly value: string }>();
  const firstMismatches: string[] = [];
  let compared = 0;
  let mismatches = 0;

  return {
    get compared() {
      return compared;
    },
    get mismatches() {
      return mismatches;
    },
    firstMismatches,
    compare(key, what, value) {
      compared += 1;
      const place = `${key} ${what}`;
      const other = seen.get(place);
      if (!other) seen.set(place, { key, what, value });
      else if (other.value !== value)
        reportMismatch(`${what} at ${key}: ${value} for one reader, ${other.value} for another`);
    },
    addVersions(versions) {
      for (const version of versions) known.set(version.key, version);
      for (const { key, what, value } of seen.values()) {
        const expected = expectedValue(known.get(key), what);
        if (expected !== value)
          reportMismatch(`${what} at ${key}: received ${value}, expected ${expected ?? 'no such version'}`);
      }
      seen.clear();
      for (const key of known.keys()) {
        if (known.size <= MAX_VERSIONS) break;
        known.delete(key);
      }
    },
    record(reason) {
      compared += 1;
      if (reason !== null) reportMismatch(reason);
    },
  };

  function reportMismatch(reason: string): void {
    mismatches += 1;
    if (firstMismatches.length < MAX_REASONS) firstMismatches.push(reason);
  }
}

function expectedValue(version: Version | undefined, what: string): string | undefined {
  if (what === 'counts') return version?.counts;
  const sum = version?.sums[Number(what.replace('targets ', ''))];
  return sum === undefined ? undefined : String(sum);
}
