import { CloseCode } from 'graphql-ws';
import {
  createReaderCounts,
  createSourceCounts,
  type Metrics,
  REFUSALS,
  type SourceCounts,
  type States,
} from '../../metrics.js';

/** What was counted, and how to read the rest. Each list of it has a bound. */
export interface Tally extends Metrics {
  /** By name; what is beyond {@link MAX_SOURCES} is counted together, as {@link OTHER}. */
  readonly sources: ReadonlyMap<string, SourceCounts>;
  /** How often WebSockets closed, by code: codes that clients make up are counted together, as {@link OTHER}. */
  readonly closes: ReadonlyMap<string, number>;
  /** How often something was refused, by the codes of `REFUSALS`, and {@link OTHER}. */
  readonly refusals: ReadonlyMap<string, number>;
  readonly states: Partial<States>;
}

/** What all those are counted as that have no name of their own here. */
export const OTHER = 'OTHER';

/** How many sources are told apart: more than anyone runs Tilts on a machine. */
export const MAX_SOURCES = 100;

/** The codes of RFC 6455 and of `graphql-transport-ws`. */
const CLOSE_CODES: readonly string[] = [
  ...[1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013],
  ...Object.values(CloseCode).filter((code) => typeof code === 'number'),
].map(String);

/** Counts in plain numbers. */
export function createTally(): Tally {
  const sources = new Map<string, SourceCounts>();
  const closes = zeros(CLOSE_CODES);
  const refusals = zeros(REFUSALS);
  const states: Partial<States> = {};

  return {
    pushed: createReaderCounts(),
    pulled: createReaderCounts(),
    queryCache: { hits: 0, misses: 0 },
    sources,
    closes,
    refusals,
    states,
    source(name) {
      const key = sources.has(name) || sources.size < MAX_SOURCES ? name : OTHER;
      const counts = sources.get(key) ?? createSourceCounts();
      sources.set(key, counts);
      return counts;
    },
    closed: (code) => count(closes, String(code)),
    refused: (code) => count(refusals, code),
    observe: (more) => Object.assign(states, more),
  };
}

/** Every key from the start: a rate can only be told of what was there before. */
function zeros(keys: readonly string[]): Map<string, number> {
  return new Map([...keys, OTHER].map((key) => [key, 0]));
}

function count(counts: Map<string, number>, key: string): void {
  const known = counts.has(key) ? key : OTHER;
  counts.set(known, (counts.get(known) ?? 0) + 1);
}
