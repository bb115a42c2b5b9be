import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import type { Gateways } from '../gateway/gateways.js';
import type { SurfaceDefinition } from './surface.js';
import { shown, Violation } from './violation.js';

/** How a surface is searched. */
export interface SearchOptions {
  /** Everything that is random comes from it: a whole number. */
  readonly seed: number;
  /** How many inputs at least. */
  readonly inputs: number;
  readonly gateways: Gateways;
}

/** What came of it. */
export interface SearchResult {
  readonly inputs: number;
  readonly seconds: number;
  readonly findings: readonly Finding[];
}

/** A case for which something was not as it must be. */
export interface Finding {
  readonly surface: string;
  readonly message: string;
  /** How often, as far as could be told apart. */
  times: number;
  /** The seed with which a search of few inputs comes to it. */
  readonly seed: number;
  /** The smallest case that was found, for people. */
  readonly example: string;
}

/** How many cases come of one seed. Then the next seed is taken, so that a finding is never far from its seed. */
const CASES = 100;

/** How long a case that fails is made smaller, in milliseconds. */
const SHRINK_MS = 20_000;

/** Feeds a surface cases until it has had enough inputs. What fails is made small, and told once of each kind. */
export async function search<T>(
  surface: SurfaceDefinition<T>,
  { seed, inputs, gateways }: SearchOptions,
): Promise<SearchResult> {
  const findings = new Map<string, Finding>();
  const startedAt = performance.now();
  let fed = 0;
  for (let present = seed; fed < inputs; present += 1) fed += await searchSeed(present);
  return { inputs: fed, seconds: (performance.now() - startedAt) / 1_000, findings: [...findings.values()] };

  async function searchSeed(present: number): Promise<number> {
    let count = 0;
    let shrinkUntil = Number.POSITIVE_INFINITY;
    const property = fc.asyncProperty(surface.arbitrary, async (input) => {
      if (performance.now() > shrinkUntil) return;
      await breathe();
      count += surface.count(input);
      const failure = await failureOf(() => timed(() => surface.check(input, gateways)));
      if (failure === null) return;
      const known = findings.get(kindOf(failure));
      if (known) {
        known.times += 1;
        return;
      }
      shrinkUntil = Math.min(shrinkUntil, performance.now() + SHRINK_MS);
      throw failure;
    });
    const details = await fc.check(property, { seed: present, numRuns: CASES });
    if (details.failed) {
      const failure = details.errorInstance;
      const example = shown(exampleOf(details.counterexample), 4_000);
      const message = messageOf(failure);
      findings.set(kindOf(failure), { surface: surface.name, message, times: 1, seed: present, example });
    }
    return count;
  }
}

/** A case for people: bytes as the text they are in latin1. */
function exampleOf(counterexample: readonly unknown[] | null): string {
  const [input] = counterexample ?? [];
  return JSON.stringify(input, function textOf(this: object, key: string, value: unknown): unknown {
    const held: unknown = Reflect.get(this, key);
    return Buffer.isBuffer(held) ? held.toString('latin1') : value;
  });
}

/** How long everything else in this process may have to wait, in milliseconds: the witness has pings to answer. */
const BREATH_MS = 50;

let breathedAt = 0;

/** Lets others have their turn, now and then: cases that wait for nothing would never. */
async function breathe(): Promise<void> {
  if (performance.now() - breathedAt < BREATH_MS) return;
  await setImmediate();
  breathedAt = performance.now();
}

/** What a case may cost this process, in milliseconds of CPU time: a gateway that it is fed to would stand still meanwhile. */
const MOST_CPU_MS = 2_000;

async function timed(task: () => Promise<void> | void): Promise<void> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  const ms = Math.round((user + system) / 1_000);
  if (ms > MOST_CPU_MS) throw new Violation('a case took too long', `${ms} ms`);
}

async function failureOf(task: () => Promise<void> | void): Promise<unknown> {
  try {
    await task();
    return null;
  } catch (error) {
    return error ?? new Error('something was thrown that is nothing');
  }
}

/** What a violation says is enough; of what nobody foresaw one wants to see where it comes from. */
function messageOf(error: unknown): string {
  if (error instanceof Violation) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** The same for what probably has the same cause. */
function kindOf(error: unknown): string {
  const [first = ''] = (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split(
    '\n',
  );
  return first
    .replace(/"(?:[^"\\]|\\.)*"?|'[^']*'/g, '"…"')
    .replace(/\d+/g, '0')
    .slice(0, 80);
}
