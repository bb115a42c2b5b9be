import { createRandom } from '../../src/providers/demo/random.js';
import { buildProcesses } from './harness/build.js';
import { type Child, startChild } from './harness/child.js';
import type { Truth } from './model/truth.js';
import type { Figures, GatewayApi, Glance, Inside, ReaderCounts, ReadersApi } from './processes/api.js';
import { startTilts, type Tilts } from './tilts/tilts.js';
import { grownBetween } from './verdict.js';

/** What is done, and for how long. */
export interface SoakPlan {
  /** Of all that is left to chance: what happens is the same for the same seed, when it happens is not. */
  readonly seed: number;
  /** Rounds before the first figures are taken, and after, in milliseconds. */
  readonly warmUpMs: number;
  readonly ms: number;
  /** A round: so long things happen, then all stands still and is compared. */
  readonly churnMs: number;
  readonly updatesPerSecond: number;
  readonly connectsPerSecond: number;
  /**
   * Updates before figures are taken, the same ones each time: from 10,000 on they are all that the gateway's journal
   * remembers, so that it holds the same each time.
   */
  readonly refill: number;
  /** Whether it is waited for the gateway to cut those that never read, and how long that takes. Else they leave. */
  readonly waitsForCuts: boolean;
}

/** What happened between the first figures and the last. */
export interface SoakCounts extends ReaderCounts {
  readonly ms: number;
  readonly rounds: number;
  /** Updates that the Tilts told. */
  readonly updates: number;
  /** What else happened to the Tilts, by name. */
  readonly mischief: Readonly<Record<string, number>>;
  /** The longest that a Tilt was held up, in milliseconds (U1). */
  readonly longestStallMs: number;
}

/** What came of it. */
export interface SoakResult {
  /** With no reader, and the Tilts as they will be at the end. */
  readonly start: Figures;
  readonly end: Figures;
  /** After the gateway was closed. */
  readonly closed: Inside;
  readonly counts: SoakCounts;
}

/** Told after each round. `glance` looks at the gateway. */
export type OnRound = (counts: SoakCounts, glance: () => Promise<Glance>) => Promise<void> | void;

/** How long a Session is kept whose Tilt has left, in milliseconds. */
const RETAIN_MS = 500;

/** In what time everybody must hold the newest state, once everything stands still, in milliseconds. */
const SETTLE_MS = 15_000;

/** In what time the gateway must be without readers, once they have left or never read again, in milliseconds. */
const DESERTED_MS = 60_000;

/** Rounds before the first figures, however long they take: what is made only once must be there by then. */
const MIN_WARM_UP_ROUNDS = 3;

/** How often the last figures are taken while they are above the first: what is in passing is gone then, a leak is not. */
const MAX_LOOKS_AT_END = 3;

/** How much longer than it should a call to another process may take, in milliseconds. */
const PATIENCE_MS = 60_000;

/** How long it may take to go through the gateway's heap some 20 times, in milliseconds. */
const FIGURES_MS = 300_000;

/**
 * Runs it: a gateway in a process of its own, readers in another, the Tilts in this one. Rejects when it cannot go on,
 * or the signal aborts; what is wrong with the gateway is in the result. All processes end with it.
 */
export async function runSoak(plan: SoakPlan, signal: AbortSignal, onRound: OnRound): Promise<SoakResult> {
  await using built = await buildProcesses(['gateway', 'readers']);
  await using tilts = await startTilts(createRandom(plan.seed));
  await using gateway = startChild<GatewayApi>(built.file('gateway'), signal);
  await using readers = startChild<ReadersApi>(built.file('readers'), signal);
  const parts: Parts = { plan, tilts, gateway, readers };
  const { kubeconfig, ids } = tilts;
  const { port } = await gateway.call('start', { kubeconfig, retainMs: RETAIN_MS });
  await readers.call('start', { url: `http://127.0.0.1:${port}/graphql`, ids, seed: plan.seed + 1 });

  await playRounds(parts, { ms: plan.warmUpMs, minRounds: MIN_WARM_UP_ROUNDS }, () => {});
  const start = await figuresAtRest(parts);
  const before = await count(parts);
  const played = { rounds: 0, ms: 0 };
  await playRounds(parts, { ms: plan.ms, minRounds: 1 }, async (rounds, ms) => {
    Object.assign(played, { rounds, ms });
    await onRound({ ...played, ...since(before, await count(parts)) }, () => gateway.call('glance'));
  });
  const counts = { ...played, ...since(before, await count(parts)) };
  let end = await figuresAtRest(parts);
  for (let looks = 1; looks < MAX_LOOKS_AT_END && grownBetween(start, end).length > 0; looks += 1) {
    end = await figuresAtRest(parts);
  }
  const { wrong, firstWrong } = await readers.call('counts');
  return { start, end, counts: { ...counts, wrong, firstWrong }, closed: await gateway.call('close') };
}

interface Parts {
  readonly plan: SoakPlan;
  readonly tilts: Tilts;
  readonly gateway: Child<GatewayApi>;
  readonly readers: Child<ReadersApi>;
}

/** Round after round, until the time is over and there were as many as there must be. */
async function playRounds(
  parts: Parts,
  { ms, minRounds }: { readonly ms: number; readonly minRounds: number },
  onRound: (rounds: number, ms: number) => Promise<void> | void,
): Promise<void> {
  const began = performance.now();
  const spent = () => performance.now() - began;
  for (let rounds = 1; rounds <= minRounds || spent() < ms; rounds += 1) {
    await playRound(parts);
    await onRound(rounds, spent());
  }
}

/** Things happen for a while, then all stands still and is compared. */
async function playRound({ plan, tilts, gateway, readers }: Parts): Promise<void> {
  const { churnMs: ms, updatesPerSecond, connectsPerSecond } = plan;
  await Promise.all([
    tilts.churn({ perSecond: updatesPerSecond, ms }, () => gateway.call('keptUp')),
    readers.call('churn', { perSecond: connectsPerSecond, ms }, ms + PATIENCE_MS),
  ]);
  await settle(readers, await tilts.rest());
}

/** What the gateway holds when nobody is there, and the Tilts are as they always are then. */
async function figuresAtRest({ plan, tilts, gateway, readers }: Parts): Promise<Figures> {
  await readers.call('leave', { everyone: !plan.waitsForCuts });
  await settle(readers, await tilts.reset(plan.refill, () => gateway.call('keptUp')));
  await readers.call('leave', { everyone: !plan.waitsForCuts });
  const isDeserted = await gateway.call('deserted', { ms: DESERTED_MS }, DESERTED_MS + PATIENCE_MS);
  // Else the figures show who is still served.
  if (isDeserted) await readers.call('leave', { everyone: true });
  return gateway.call('figures', undefined, FIGURES_MS);
}

function settle(readers: Child<ReadersApi>, truth: Truth): Promise<void> {
  return readers.call('settle', { truth, ms: SETTLE_MS }, SETTLE_MS + PATIENCE_MS);
}

type Counted = Omit<SoakCounts, 'ms' | 'rounds'>;

async function count({ tilts, readers }: Parts): Promise<Counted> {
  const { updates, mischief, longestStallMs } = tilts;
  return { ...(await readers.call('counts')), updates, mischief, longestStallMs };
}

/** What was counted after `before`. What was wrong is wrong, whenever it was. */
function since(before: Counted, now: Counted): Counted {
  const { connects, payloads, resumes, resets, conflated, stalls, cut, compared, updates } = before;
  return {
    ...now,
    connects: now.connects - connects,
    payloads: now.payloads - payloads,
    resumes: now.resumes - resumes,
    resets: now.resets - resets,
    conflated: now.conflated - conflated,
    stalls: now.stalls - stalls,
    cut: now.cut - cut,
    compared: now.compared - compared,
    updates: now.updates - updates,
  };
}
