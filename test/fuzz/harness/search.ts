import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Gateways } from '../gateway/gateways.js';
import type { SurfaceDefinition } from './surface.js';
import { formatValue, Violation } from './violation.js';

/** Seed, size and target of a search. */
export interface SearchOptions {
  /** Seed of all random choices: an integer. */
  readonly seed: number;
  /** Minimum number of inputs. */
  readonly inputs: number;
  readonly gateways: Gateways;
}

/** Result of a search. */
export interface SearchResult {
  readonly inputs: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** A case that violates an invariant. */
export interface Finding {
  readonly surface: string;
  readonly message: string;
  /** Number of occurrences, as far as they can be distinguished. */
  times: number;
  /** Seed with which a search of few inputs finds it. */
  readonly seed: number;
  /** Smallest case found, as text. */
  readonly example: string;
}

/** Number of cases per seed. The next seed follows, so that each finding is near its seed. */
const CASES = 100;

/** Time limit for shrinking a failing case, in milliseconds. */
const SHRINK_MS = 20_000;

/** Runs cases on a surface until enough inputs were tried. Failures are shrunk and reported once per kind. */
export async function search<T>(
  surface: SurfaceDefinition<T>,
  { seed, inputs, gateways }: SearchOptions,
): Promise<SearchResult> {
  const findings = new Map<string, Finding>();
  const startedAt = performance.now();
  let tried = 0;
  for (let current = seed; tried < inputs; current += 1) tried += await searchSeed(current);
  return {
    inputs: tried,
    seconds: (performance.now() - startedAt) / 1_000,
    findings: [...findings.values()],
  };

  async function searchSeed(current: number): Promise<number> {
    let count = 0;
    let shrinkUntil = Number.POSITIVE_INFINITY;
    const property = fc.asyncProperty(surface.arbitrary, async (input) => {
      if (performance.now() > shrinkUntil) return;
      await yieldToEventLoop();
      count += surface.count(input);
      const failure = await catchFailure(() => timed(() => surface.check(input, gateways)));
      if (failure === null) return;
      const known = findings.get(classifyFailure(failure));
      if (known) {
        known.times += 1;
        return;
      }
      shrinkUntil = Math.min(shrinkUntil, performance.now() + SHRINK_MS);
      throw failure;
    });
    const details = await fc.check(property, { seed: current, numRuns: CASES });
    if (details.failed) {
      const failure = details.errorInstance;
      const example = formatValue(formatExample(details.counterexample), 4_000);
      const message = describeFailure(failure);
      findings.set(classifyFailure(failure), {
        surface: surface.name,
        message,
        times: 1,
        seed: current,
        example,
      });
    }
    return count;
  }
}

/** Formats a case. Bytes are shown as latin1 text. */
function formatExample(counterexample: readonly unknown[] | null): string {
  const [input] = counterexample ?? [];
  return JSON.stringify(input, function textOf(this: object, key: string, value: unknown): unknown {
    const held: unknown = Reflect.get(this, key);
    return Buffer.isBuffer(held) ? held.toString('latin1') : value;
  });
}

/** Maximum time without yielding to the event loop, in milliseconds. The witness has to answer pings. */
const YIELD_EVERY_MS = 50;

let yieldedAt = 0;

/** Yields to the event loop from time to time, because cases that await nothing never do. */
async function yieldToEventLoop(): Promise<void> {
  if (performance.now() - yieldedAt < YIELD_EVERY_MS) return;
  await setImmediate();
  yieldedAt = performance.now();
}

/** Maximum CPU time of a case in this process, in milliseconds. A gateway would be blocked for as long. */
const MAX_CPU_MS = 2_000;

/**
 * Runs a case. One that used too much CPU time is run again, because a garbage collection of the whole search
 * may fall into any case.
 */
async function timed(task: () => Promise<void> | void): Promise<void> {
  if ((await cpuMsOf(task)) <= MAX_CPU_MS) return;
  const ms = await cpuMsOf(task);
  if (ms > MAX_CPU_MS) throw new Violation('a case used too much CPU time', `${ms} ms`);
}

async function cpuMsOf(task: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1_000);
}

async function catchFailure(task: () => Promise<void> | void): Promise<unknown> {
  try {
    await task();
    return null;
  } catch (error) {
    return error ?? new Error('a null or undefined value was thrown');
  }
}

/** Describes a failure. A violation is described by its message, an unexpected error by its stack. */
function describeFailure(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** Groups failures that probably have the same cause. */
function classifyFailure(error: unknown): string {
  const [first = ''] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split(
    '\n',
  );
  return first
    .replace(/"(?:[^"\\]|\\.)*"?|'[^']*'/g, '"…"')
    .replace(/\d+/g, '0')
    .slice(0, 80);
}
