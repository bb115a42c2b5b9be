import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../src/providers/demo/random.js';
import type { Truth } from '../model/truth.js';
import { atPace, type Pace } from '../pace.js';
import type { ReaderCounts } from '../processes/api.js';
import type { Taken } from './fold.js';
import { anyFollower, type Follower, followerOfAll } from './follower.js';
import { createJudge } from './judge.js';
import { createPool } from './pool.js';
import { openReader, type Reader } from './reader.js';
import { anyStay, FOR_EVER, type Stay } from './stay.js';

/** Readers that come and go. */
export interface Crowd {
  /** They do, at that pace. */
  churn(pace: Pace): Promise<void>;
  /** Everybody reads, one of them every Session, until all hold the truth or `ms` are over: then who does not is wrong. */
  settle(truth: Truth, ms: number): Promise<void>;
  /** All leave; the half-open ones only with `everyone`. */
  leave(everyone: boolean): void;
  counts(): ReaderCounts;
}

/** Where the readers go. */
export interface CrowdOptions {
  readonly url: string;
  /** The ids of the Sessions that there may be. */
  readonly ids: readonly string[];
  readonly random: Random;
}

/** So often a subscription goes on where another one was left. */
const RESUMED = 0.25;

/** How many wait to be let in at most: no more come until some are in. */
const MOST_AT_THE_DOOR = 100;

/** How many are left to go on from: the older, the further the gateway has gone on meanwhile. */
const LEFT_BEHIND = 200;

/**
 * When a half-open reader is to have been cut, by an age in milliseconds: it reads on then, to see it. Two pings go
 * unanswered in 24 s, but later where the machine is overloaded.
 */
const CUT_BY_MS = 45_000;

/** How long it may take to see it, in milliseconds. */
const CUT_SEEN_MS = 15_000;

/** How often it is looked whether all hold the truth, in milliseconds. */
const LOOK_EVERY_MS = 20;

/** Nobody is there. */
export function createCrowd({ url, ids, random }: CrowdOptions): Crowd {
  const judge = createJudge();
  const { compare } = judge;
  const readers = new Set<Reader>();
  const left = createPool<Follower>(LEFT_BEHIND, random);
  const counts = { connects: 0, payloads: 0, resumes: 0, resets: 0, conflated: 0, stalls: 0, cut: 0 };
  let isAttended = false;

  return {
    churn: (pace) => atPace(pace, comeAny, tick),
    async settle(truth, ms) {
      if (!isAttended) open(FOR_EVER, [followerOfAll(compare)]);
      isAttended = true;
      const all = [...readers].filter(({ isHalfOpen }) => !isHalfOpen);
      for (const reader of all) reader.read();
      const followers = all.flatMap((reader) => reader.followers);
      const end = performance.now() + ms;
      while (followers.some(isWrong) && performance.now() < end) await delay(LOOK_EVERY_MS);
      judge.learn(truth.versions);
      for (const follower of followers) {
        const reason = follower.fold.differsFrom(truth);
        judge.note(reason === null ? null : `at rest, ${follower.name}: ${reason}`);
      }

      function isWrong({ fold }: Follower): boolean {
        return fold.differsFrom(truth) !== null;
      }
    },
    leave(everyone) {
      for (const reader of readers) if (everyone || !reader.isHalfOpen) go(reader);
      isAttended = false;
    },
    counts() {
      const { compared, wrong, firstWrong } = judge;
      return { ...counts, compared, wrong, firstWrong };
    },
  };

  function comeAny(): void {
    if ([...readers].filter(({ isIn }) => !isIn).length >= MOST_AT_THE_DOOR) return;
    const stay = anyStay(random);
    const next = () => leftBehind(stay) ?? anyFollower({ ids, compare, random });
    open(stay, Array.from({ length: stay.operations }, next));
  }

  function leftBehind({ stall }: Stay): Follower | null {
    return stall === null && random() < RESUMED ? left.take() : null;
  }

  function open(stay: Stay, followers: readonly Follower[]): void {
    const reader = openReader(url, followers, stay, {
      onOpen() {
        counts.connects += 1;
      },
      onTaken: count,
      onStall() {
        counts.stalls += 1;
      },
      onWrong: (reason) => judge.note(reason),
      onLost(why) {
        readers.delete(reader);
        if (reader.isHalfOpen) counts.cut += 1;
        else judge.note(`a reader lost its connection: ${why}`);
      },
    });
    readers.add(reader);
  }

  function count({ reset, conflated }: Taken, isResumed: boolean): void {
    counts.payloads += 1;
    if (isResumed) counts.resumes += 1;
    if (isResumed && reset) counts.resets += 1;
    if (!isResumed && conflated > 0) counts.conflated += 1;
  }

  function tick(): void {
    for (const reader of readers) {
      if (reader.tick()) go(reader);
      else if (reader.isHalfOpen) lookWhetherCut(reader);
    }
  }

  function lookWhetherCut(reader: Reader): void {
    if (reader.age > CUT_BY_MS) reader.read();
    if (reader.age < CUT_BY_MS + CUT_SEEN_MS) return;
    go(reader);
    judge.note(`a reader that never read was still served after ${CUT_BY_MS / 1_000} s`);
  }

  function go(reader: Reader): void {
    readers.delete(reader);
    reader.leave();
    if (reader.isHalfOpen) return;
    for (const follower of reader.followers) if (follower.fold.cursor !== null) left.leave(follower);
  }
}
