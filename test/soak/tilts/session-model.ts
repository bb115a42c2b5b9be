import { between, type Random } from '../../../src/providers/demo/random.js';
import type { SessionJson } from '../../support/session-json.js';
import type { ShownTarget } from '../model/target-print.js';
import { PHASES, type Phase, type Version } from '../model/truth.js';
import { createTally } from './tally.js';
import { stateOf } from './target-state.js';

/**
 * What an update does to a Session: changes targets, adds or removes some, changes only the Session itself, or nothing.
 * `long` makes the first one fail with an error of 150 kB, `short` ends that.
 */
export type Update = 'one' | 'few' | 'all' | 'grow' | 'shrink' | 'head' | 'nothing' | 'long' | 'short';

/** A Session as it goes on in a Tilt, and what is true of it. */
export interface SessionModel {
  readonly name: string;
  update(what: Update): void;
  /** Begins anew with so many targets: the same ones each time. */
  reset(size: number): void;
  /** The k-th of a series of updates that is the same each time. */
  step(k: number): void;
  json(): SessionJson;
  truth(): Omit<Version, 'key'>;
}

/** What a {@link SessionModel} is like. */
export interface SessionModelOptions {
  readonly name: string;
  /** The most targets it can have. */
  readonly most: number;
  readonly random: Random;
}

/** The fewest targets that a Session shrinks to. */
const FEWEST = 5;

/** Has no targets until `reset`. */
export function createSessionModel({ name, most, random }: SessionModelOptions): SessionModel {
  /** By name, as Tilt has them. */
  let targets: readonly ModelTarget[] = [];
  let tally = createTally();
  let number = 0;
  let pid = FIRST_PID;

  return {
    name,
    update(what) {
      number += 1;
      const size = targets.length;
      if (what === 'one') changeAny(1);
      else if (what === 'few') changeAny(between(random, 2, 5));
      else if (what === 'all') replaceAll(targets.map(({ index }) => targetAt(index, randomPhase(), number)));
      else if (what === 'grow') grow(between(random, 1, Math.ceil(most / 10)));
      else if (what === 'shrink') shrink(Math.min(between(random, 1, Math.ceil(most / 10)), size - FEWEST));
      else if (what === 'head') pid += 1;
      else if (what === 'long') change(0, 'FAILED', LONG);
      else if (what === 'short') change(0, 'FAILED');
    },
    reset(size) {
      number += 1;
      pid = FIRST_PID;
      replaceAll(Array.from({ length: size }, (_, index) => targetAt(index, phaseAt(index), number)));
    },
    step(k) {
      number += 1;
      change(k % targets.length, phaseAt(k + Math.floor(k / targets.length)));
    },
    json: () => ({
      kind: 'Session',
      apiVersion: 'tilt.dev/v1alpha1',
      metadata: { name, creationTimestamp: '2026-11-22T11:00:00Z' },
      spec: { tiltfilePath: '/home/dev/shop/Tiltfile', exitCondition: 'manual' },
      status: {
        pid,
        startTime: '2026-11-22T11:00:00.000000Z',
        targets: targets.map(({ json }) => json),
        done: false,
      },
    }),
    truth: () => tally.read(),
  };

  function changeAny(count: number): void {
    for (let left = count; left > 0; left -= 1) change(between(random, 0, targets.length - 1), randomPhase());
  }

  function change(place: number, phase: Phase, padding = ''): void {
    const before = targets[place];
    if (!before) return;
    const after = targetAt(before.index, phase, number, padding);
    tally.remove(before.shown);
    tally.add(after.shown);
    targets = targets.with(place, after);
  }

  function grow(count: number): void {
    const known = new Set(targets.map(({ index }) => index));
    const room = Math.min(count, most - targets.length);
    const added: ModelTarget[] = [];
    while (added.length < room) {
      const index = between(random, 0, 2 * most);
      if (known.has(index)) continue;
      known.add(index);
      added.push(targetAt(index, randomPhase(), number));
    }
    for (const { shown } of added) tally.add(shown);
    targets = [...targets, ...added].sort((a, b) => a.index - b.index);
  }

  function shrink(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const place = between(random, 0, targets.length - 1);
      const gone = targets[place];
      if (gone) tally.remove(gone.shown);
      targets = targets.toSpliced(place, 1);
    }
  }

  function replaceAll(next: readonly ModelTarget[]): void {
    tally = createTally();
    for (const { shown } of next) tally.add(shown);
    targets = next;
  }

  function randomPhase(): Phase {
    return phaseAt(between(random, 0, PHASES.length - 1));
  }
}

const FIRST_PID = 20_000;

const LONG = ' a line of a long error'.repeat(6_500);

/** A target in both forms. Its index orders it, and is in its name. */
interface ModelTarget {
  readonly index: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly shown: ShownTarget;
}

function targetAt(index: number, phase: Phase, number: number, padding = ''): ModelTarget {
  const isServer = index % 3 > 0;
  const resource = `svc-${String(index).padStart(4, '0')}`;
  const name = `${resource}:${isServer ? 'serve' : 'update'}`;
  const { state, stamp } = stateOf(phase, number, padding);
  // A job that is active and ready has succeeded.
  const shown = phase === 'READY' && !isServer ? 'SUCCEEDED' : phase;
  return {
    index,
    json: { name, type: isServer ? 'server' : 'job', resources: [resource], state },
    shown: { name, type: isServer ? 'SERVER' : 'JOB', phase: shown, stamp },
  };
}

function phaseAt(index: number): Phase {
  return PHASES[index % PHASES.length] ?? 'INACTIVE';
}
