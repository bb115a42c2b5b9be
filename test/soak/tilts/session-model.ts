import { between, type Random } from '../../../src/providers/demo/random.js';
import type { SessionJson } from '../../support/session-json.js';
import type { ComparedTarget } from '../model/fingerprint.js';
import { PHASES, type Phase, type Version } from '../model/model-state.js';
import { buildState } from './target-state.js';
import { createTotals } from './totals.js';

/**
 * Effect of an update: changes some targets, adds or removes some, changes only the session, or nothing.
 * `long` gives the first target an error of 150 kB, `short` removes it.
 */
export type Update = 'one' | 'few' | 'all' | 'grow' | 'shrink' | 'head' | 'nothing' | 'long' | 'short';

/** A session of a simulated Tilt, and the expected state. */
export interface SessionModel {
  readonly name: string;
  update(what: Update): void;
  /** Starts over with `size` targets, always the same ones. */
  reset(size: number): void;
  /** Applies the k-th of a fixed series of updates. */
  step(k: number): void;
  json(): SessionJson;
  version(): Omit<Version, 'key'>;
}

/** Name and size of a {@link SessionModel}. */
export interface SessionModelOptions {
  readonly name: string;
  /** Maximum number of targets. */
  readonly maxTargets: number;
  readonly random: Random;
}

/** Minimum number of targets. */
const MIN_TARGETS = 5;

/** Creates a session without targets. Call `reset` first. */
export function createSessionModel({ name, maxTargets, random }: SessionModelOptions): SessionModel {
  /** Targets in Tilt's order, which is by name. */
  let targets: readonly ModelTarget[] = [];
  let totals = createTotals();
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
      else if (what === 'grow') grow(between(random, 1, Math.ceil(maxTargets / 10)));
      else if (what === 'shrink')
        shrink(Math.min(between(random, 1, Math.ceil(maxTargets / 10)), size - MIN_TARGETS));
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
    version: () => totals.read(),
  };

  function changeAny(count: number): void {
    for (let left = count; left > 0; left -= 1) change(between(random, 0, targets.length - 1), randomPhase());
  }

  function change(place: number, phase: Phase, padding = ''): void {
    const before = targets[place];
    if (!before) return;
    const after = targetAt(before.index, phase, number, padding);
    totals.remove(before.compared);
    totals.add(after.compared);
    targets = targets.with(place, after);
  }

  function grow(count: number): void {
    const known = new Set(targets.map(({ index }) => index));
    const room = Math.min(count, maxTargets - targets.length);
    const added: ModelTarget[] = [];
    while (added.length < room) {
      const index = between(random, 0, 2 * maxTargets);
      if (known.has(index)) continue;
      known.add(index);
      added.push(targetAt(index, randomPhase(), number));
    }
    for (const { compared } of added) totals.add(compared);
    targets = [...targets, ...added].sort((a, b) => a.index - b.index);
  }

  function shrink(count: number): void {
    for (let left = count; left > 0; left -= 1) {
      const place = between(random, 0, targets.length - 1);
      const gone = targets[place];
      if (gone) totals.remove(gone.compared);
      targets = targets.toSpliced(place, 1);
    }
  }

  function replaceAll(next: readonly ModelTarget[]): void {
    totals = createTotals();
    for (const { compared } of next) totals.add(compared);
    targets = next;
  }

  function randomPhase(): Phase {
    return phaseAt(between(random, 0, PHASES.length - 1));
  }
}

const FIRST_PID = 20_000;

const LONG = ' a line of a long error'.repeat(6_500);

/** A target in both forms. Its index determines the order and is part of the name. */
interface ModelTarget {
  readonly index: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly compared: ComparedTarget;
}

function targetAt(index: number, phase: Phase, number: number, padding = ''): ModelTarget {
  const isServer = index % 3 > 0;
  const resource = `svc-${String(index).padStart(4, '0')}`;
  const name = `${resource}:${isServer ? 'serve' : 'update'}`;
  const { state, detail } = buildState(phase, number, padding);
  // A job that is active and ready has succeeded.
  const compared = phase === 'READY' && !isServer ? 'SUCCEEDED' : phase;
  return {
    index,
    json: { name, type: isServer ? 'server' : 'job', resources: [resource], state },
    compared: { name, type: isServer ? 'SERVER' : 'JOB', phase: compared, detail },
  };
}

function phaseAt(index: number): Phase {
  return PHASES[index % PHASES.length] ?? 'INACTIVE';
}
