import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../src/providers/demo/random.js';
import type { ModelState } from '../model/model-state.js';
import { type Pace, runAtRate } from '../pace.js';
import type { ReaderCounts } from '../processes/api.js';
import { type Behaviour, PERMANENT, randomBehaviour } from './behaviour.js';
import { createChecker } from './checker.js';
import type { PayloadInfo } from './fold.js';
import { createPool } from './pool.js';
import { openReader, type Reader } from './reader.js';
import { allSessionsSubscription, randomSubscription, type Subscription } from './subscription.js';

/** Readers that connect and disconnect. */
export interface ReaderLoad {
  /** Opens and closes readers at this rate. */
  churn(pace: Pace): Promise<void>;
  /**
   * Makes all readers read, one of them every session, until all hold the model state. A reader that does not
   * after `ms` is a mismatch.
   */
  settle(model: ModelState, ms: number): Promise<void>;
  /** Closes the readers, with `includeHalfOpen` also the half-open ones. */
  closeReaders(includeHalfOpen: boolean): void;
  counts(): ReaderCounts;
}

/** Target of the readers. */
export interface ReaderLoadOptions {
  readonly url: string;
  /** Ids of all sessions that may exist. */
  readonly ids: readonly string[];
  readonly random: Random;
}

/** Share of subscriptions that resume where another one ended. */
const RESUMED_SHARE = 0.25;

/** Maximum number of connecting readers. At this limit no new ones are opened. */
const MAX_CONNECTING = 100;

/** Maximum number of closed subscriptions kept for resuming. A larger number means older cursors. */
const MAX_RESUMABLE = 200;

/**
 * Age in milliseconds at which the gateway must have disconnected a half-open reader. The reader then resumes
 * reading to notice it. Two pings are missed within 24 s, later on an overloaded machine.
 */
const DISCONNECT_DEADLINE_MS = 45_000;

/** Time to notice the disconnect, in milliseconds. */
const NOTICE_MS = 15_000;

/** Interval of the checks whether all readers hold the model state, in milliseconds. */
const INTERVAL_MS = 20;

/** Creates the load without readers. */
export function createReaderLoad({ url, ids, random }: ReaderLoadOptions): ReaderLoad {
  const checker = createChecker();
  const { compare } = checker;
  const readers = new Set<Reader>();
  const resumable = createPool<Subscription>(MAX_RESUMABLE, random);
  const counts = { connects: 0, payloads: 0, resumes: 0, resets: 0, conflated: 0, stalls: 0, cut: 0 };
  let hasPermanentReader = false;

  return {
    churn: (pace) => runAtRate(pace, openRandom, tick),
    async settle(model, ms) {
      if (!hasPermanentReader) open(PERMANENT, [allSessionsSubscription(compare)]);
      hasPermanentReader = true;
      const all = [...readers].filter(({ isHalfOpen }) => !isHalfOpen);
      for (const reader of all) reader.read();
      const subscriptions = all.flatMap((reader) => reader.subscriptions);
      const end = performance.now() + ms;
      while (subscriptions.some(differs) && performance.now() < end) await delay(INTERVAL_MS);
      checker.addVersions(model.versions);
      for (const subscription of subscriptions) {
        const reason = subscription.fold.differsFrom(model);
        checker.record(reason === null ? null : `idle, ${subscription.name}: ${reason}`);
      }

      function differs({ fold }: Subscription): boolean {
        return fold.differsFrom(model) !== null;
      }
    },
    closeReaders(includeHalfOpen) {
      for (const reader of readers) if (includeHalfOpen || !reader.isHalfOpen) closeReader(reader);
      hasPermanentReader = false;
    },
    counts() {
      const { compared, mismatches, firstMismatches } = checker;
      return { ...counts, compared, mismatches, firstMismatches };
    },
  };

  function openRandom(): void {
    if ([...readers].filter(({ isAccepted }) => !isAccepted).length >= MAX_CONNECTING) return;
    const behaviour = randomBehaviour(random);
    const next = () => takeResumable(behaviour) ?? randomSubscription({ ids, compare, random });
    open(behaviour, Array.from({ length: behaviour.operations }, next));
  }

  function takeResumable({ stall }: Behaviour): Subscription | null {
    return stall === null && random() < RESUMED_SHARE ? resumable.take() : null;
  }

  function open(behaviour: Behaviour, subscriptions: readonly Subscription[]): void {
    const reader = openReader(url, subscriptions, behaviour, {
      onOpen() {
        counts.connects += 1;
      },
      onPayload: count,
      onStall() {
        counts.stalls += 1;
      },
      onMismatch: (reason) => checker.record(reason),
      onDisconnect(why) {
        readers.delete(reader);
        if (reader.isHalfOpen) counts.cut += 1;
        else checker.record(`a reader lost its connection: ${why}`);
      },
    });
    readers.add(reader);
  }

  function count({ reset, conflated }: PayloadInfo, isResumed: boolean): void {
    counts.payloads += 1;
    if (isResumed) counts.resumes += 1;
    if (isResumed && reset) counts.resets += 1;
    if (!isResumed && conflated > 0) counts.conflated += 1;
  }

  function tick(): void {
    for (const reader of readers) {
      if (reader.tick()) closeReader(reader);
      else if (reader.isHalfOpen) checkDisconnected(reader);
    }
  }

  function checkDisconnected(reader: Reader): void {
    if (reader.age > DISCONNECT_DEADLINE_MS) reader.read();
    if (reader.age < DISCONNECT_DEADLINE_MS + NOTICE_MS) return;
    closeReader(reader);
    checker.record(`a reader that never read was still served after ${DISCONNECT_DEADLINE_MS / 1_000} s`);
  }

  function closeReader(reader: Reader): void {
    readers.delete(reader);
    reader.close();
    if (reader.isHalfOpen) return;
    for (const subscription of reader.subscriptions)
      if (subscription.fold.cursor !== null) resumable.put(subscription);
  }
}
