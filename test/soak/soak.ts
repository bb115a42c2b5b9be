import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '../../src/providers/demo/random.js';
import type { Child } from '../bench/processes/child-calls.js';
import { startNats } from '../support/nats-server.js';
import { type BucketCounts, readBucketCounts } from './harness/bucket-counts.js';
import { buildProcesses } from './harness/processes.js';
import type { ModelState } from './model/model-state.js';
import type {
  Figures,
  GatewayApi,
  Internals,
  PublisherApi,
  QuickFigures,
  ReaderCounts,
  ReadersApi,
} from './processes/api.js';
import { startTilts, type Tilts } from './tilts/tilts.js';
import { findGrowth } from './verdict.js';

/** Content and duration of a run. */
export interface SoakPlan {
  /** Seed of all random choices. It determines what happens, but not the timing. */
  readonly seed: number;
  /** Duration of the rounds before and after the first figures, in milliseconds. */
  readonly warmUpMs: number;
  readonly ms: number;
  /** Duration of the active part of a round. Then everything is idle and compared. */
  readonly churnMs: number;
  readonly updatesPerSecond: number;
  readonly connectsPerSecond: number;
  /**
   * Number of updates before figures are taken, always the same ones. From 20,000 on they fill the gateway's
   * journal of 10,000 revisions although a publisher merges some, so that it holds much the same each time.
   */
  readonly refill: number;
  /** Whether to wait until the gateway disconnects half-open readers. Otherwise they close. */
  readonly waitsForCuts: boolean;
}

/** Counts between the first figures and the last. */
export interface SoakCounts extends ReaderCounts, BucketCounts {
  readonly ms: number;
  readonly rounds: number;
  /** Updates that the Tilts sent. */
  readonly updates: number;
  /** Injected faults, by name. */
  readonly chaos: Readonly<Record<string, number>>;
  /** Longest time that a write of a Tilt was blocked, in milliseconds (U1). */
  readonly longestStallMs: number;
}

/** Result of a run. */
export interface SoakResult {
  readonly gateway: ProcessFigures;
  readonly publisher: ProcessFigures;
  readonly counts: SoakCounts;
}

/** Figures of a process. */
export interface ProcessFigures {
  /** Figures without readers. The Tilts are in the same state at the end. */
  readonly start: Figures;
  readonly end: Figures;
  /** Resources that it held after it was closed. */
  readonly closed: Internals;
}

/** Called after each round. `glance` reads figures of the gateway. */
export type OnRound = (counts: SoakCounts, glance: () => Promise<QuickFigures>) => Promise<void> | void;

/** Retention of a session whose Tilt is gone, in milliseconds. */
const RETAIN_MS = 500;

/** Time within which all readers must hold the newest state when the Tilts are idle, in milliseconds. */
const SETTLE_MS = 15_000;

/**
 * Time within which all subscriptions must have ended after the readers closed or stopped reading, in
 * milliseconds.
 */
const NO_READERS_MS = 60_000;

/** Timeout for the comparison of a digest, which follows 2 to 4 s after the last update, in milliseconds. */
const DIGEST_MS = 60_000;

/** Interval of looking for a compared digest, in milliseconds. */
const DIGEST_POLL_MS = 250;

/**
 * Minimum number of rounds before the first figures, so that everything that is created once exists by then.
 */
const MIN_WARM_UP_ROUNDS = 3;

/**
 * Maximum number of final measurements while figures exceed the first ones. The Tilts are idle between
 * them: temporary resources, such as the timer of a digest, go away; a leak does not.
 */
const MAX_FINAL_MEASUREMENTS = 5;

/** Additional time that a call to another process may take, in milliseconds. */
const CALL_SLACK_MS = 60_000;

/** Timeout for about 20 walks of the gateway's heap, in milliseconds. */
const FIGURES_MS = 300_000;

/**
 * Runs the soak: the gateway, the publisher and the readers in their own processes, the Tilts in this one,
 * with a NATS broker. Rejects if it cannot continue or the signal aborts. Failures of the gateway and of the
 * publisher are in the result. All processes end with the run.
 */
export async function runSoak(plan: SoakPlan, signal: AbortSignal, onRound: OnRound): Promise<SoakResult> {
  await using built = await buildProcesses(['gateway', 'publisher', 'readers']);
  await using tilts = await startTilts(createRandom(plan.seed));
  await using nats = await startNats();
  await using publisher = built.start<PublisherApi>('publisher', signal);
  await using gateway = built.start<GatewayApi>('gateway', signal);
  await using readers = built.start<ReadersApi>('readers', signal);
  const { kubeconfig, publishedKubeconfig, ids } = tilts;
  const bucket = nats.address('soak');
  await publisher.call('start', { kubeconfig: publishedKubeconfig, bucket });
  const { port } = await gateway.call('start', { kubeconfig, bucket, retainMs: RETAIN_MS });
  const parts: Parts = { plan, tilts, port, gateway, publisher, readers };
  await readers.call('start', { url: `http://127.0.0.1:${port}/graphql`, ids, seed: plan.seed + 1 });

  await runRounds(parts, { ms: plan.warmUpMs, minRounds: MIN_WARM_UP_ROUNDS }, () => {});
  // The first counts load what the metrics need.
  await count(parts);
  await untilIdle(parts);
  const start = await readFigures(parts);
  const before = await count(parts);
  const progress = { rounds: 0, ms: 0 };
  await runRounds(parts, { ms: plan.ms, minRounds: 1 }, async (rounds, ms) => {
    Object.assign(progress, { rounds, ms });
    await onRound({ ...progress, ...subtractCounts(before, await count(parts)) }, () =>
      gateway.call('glance'),
    );
  });
  const counts = { ...progress, ...subtractCounts(before, await count(parts)) };
  await untilIdle(parts);
  let end = await readFigures(parts);
  for (
    let measurements = 1;
    measurements < MAX_FINAL_MEASUREMENTS &&
    PROCESSES.some((name) => findGrowth(start[name], end[name]).length > 0);
    measurements += 1
  ) {
    end = await readFigures(parts);
  }
  await untilDigestCompared(parts, before.digests);
  const { mismatches, firstMismatches } = await readers.call('counts');
  // Most digests are compared while the Tilts are idle.
  const { digests, digestMismatches } = subtractCounts(before, await count(parts));
  const publisherClosed = await publisher.call('close');
  return {
    publisher: { start: start.publisher, end: end.publisher, closed: publisherClosed },
    gateway: { start: start.gateway, end: end.gateway, closed: await gateway.call('close') },
    counts: { ...counts, mismatches, firstMismatches, digests, digestMismatches },
  };
}

interface Parts {
  readonly plan: SoakPlan;
  readonly tilts: Tilts;
  /** Port of the gateway. */
  readonly port: number;
  readonly gateway: Child<GatewayApi>;
  readonly publisher: Child<PublisherApi>;
  readonly readers: Child<ReadersApi>;
}

/** Runs rounds until the time is over and the minimum number is reached. */
async function runRounds(
  parts: Parts,
  { ms, minRounds }: { readonly ms: number; readonly minRounds: number },
  onRound: (rounds: number, ms: number) => Promise<void> | void,
): Promise<void> {
  const began = performance.now();
  const spent = () => performance.now() - began;
  for (let rounds = 1; rounds <= minRounds || spent() < ms; rounds += 1) {
    await runRound(parts);
    await onRound(rounds, spent());
  }
}

/** Runs the active part of a round, then compares all readers with the model. */
async function runRound(parts: Parts): Promise<void> {
  const { plan, tilts, readers } = parts;
  const { churnMs: ms, updatesPerSecond, connectsPerSecond } = plan;
  await Promise.all([
    tilts.churn({ perSecond: updatesPerSecond, ms }, () => caughtUp(parts)),
    readers.call('churn', { perSecond: connectsPerSecond, ms }, ms + CALL_SLACK_MS),
  ]);
  await settle(readers, await tilts.quiesce());
}

/** Resolves when the gateway and the publisher have handled everything that arrived before. */
async function caughtUp({ gateway, publisher }: Parts): Promise<void> {
  await Promise.all([publisher.call('caughtUp'), gateway.call('caughtUp')]);
}

const PROCESSES = ['gateway', 'publisher'] as const;

/** Disconnects all readers, and brings the Tilts into a fixed state. */
async function untilIdle(parts: Parts): Promise<void> {
  const { plan, tilts, gateway, readers } = parts;
  await readers.call('closeReaders', { includeHalfOpen: !plan.waitsForCuts });
  await settle(readers, await tilts.reset(plan.refill, () => caughtUp(parts)));
  await readers.call('closeReaders', { includeHalfOpen: !plan.waitsForCuts });
  const isIdle = await gateway.call('untilNoReaders', { ms: NO_READERS_MS }, NO_READERS_MS + CALL_SLACK_MS);
  // Otherwise the figures show the remaining readers.
  if (isIdle) await readers.call('closeReaders', { includeHalfOpen: true });
}

async function readFigures({
  gateway,
  publisher,
}: Parts): Promise<Record<(typeof PROCESSES)[number], Figures>> {
  return {
    gateway: await gateway.call('figures', undefined, FIGURES_MS),
    publisher: await publisher.call('figures', undefined, FIGURES_MS),
  };
}

/**
 * Waits until the gateway has compared a digest, unless it has compared one since `before`. After a short run
 * on a busy machine, the newest message of each Session may have been read as a state, which has none.
 */
async function untilDigestCompared({ tilts, port, readers }: Parts, before: number): Promise<void> {
  const hasCompared = async () => (await readBucketCounts(port)).digests > before;
  if (await hasCompared()) return;
  // One update of each Session: a delta, whose state is compared once the Session is quiet.
  await settle(readers, await tilts.quiesce());
  const end = performance.now() + DIGEST_MS;
  while (performance.now() < end && !(await hasCompared())) await delay(DIGEST_POLL_MS);
}

function settle(readers: Child<ReadersApi>, model: ModelState): Promise<void> {
  return readers.call('settle', { model, ms: SETTLE_MS }, SETTLE_MS + CALL_SLACK_MS);
}

type Counted = Omit<SoakCounts, 'ms' | 'rounds'>;

async function count({ tilts, port, readers }: Parts): Promise<Counted> {
  const { updates, chaos, longestStallMs } = tilts;
  const bucket = await readBucketCounts(port);
  return { ...(await readers.call('counts')), ...bucket, updates, chaos, longestStallMs };
}

/** Counts after `before`. Mismatches of states and digests count whenever they happened. */
function subtractCounts(before: Counted, now: Counted): Counted {
  const { connects, payloads, resumes, resets, conflated, stalls, cut, compared, updates } = before;
  const { deltas, digests } = before;
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
    deltas: now.deltas - deltas,
    digests: now.digests - digests,
  };
}
