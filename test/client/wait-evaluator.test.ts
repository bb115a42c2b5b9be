import { describe, expect, it } from 'vitest';
import type {
  Condition,
  ConnectionState,
  ExitCondition,
  SessionFields,
  TargetPhase,
} from '../../src/client/client.js';
import type { Evaluation } from '../../src/client/evaluate.js';
import { createWaitEvaluator, type WaitTiming } from '../../src/client/wait-evaluator.js';
import type { RunSelector } from '../../src/client/wait-options.js';
import { sessionFields, targetFields, verdictFields, viewOf } from '../support/target-fields.js';

const STARTED = Date.parse('2026-11-22T12:00:00Z');
const at = (seconds: number) => new Date(STARTED + seconds * 1_000).toISOString();

/** What a Session of one target reports. */
interface Facts {
  readonly id?: string;
  readonly uid?: string | null;
  readonly kind?: ExitCondition;
  readonly tiltfile?: string;
  readonly pid?: number | null;
  readonly startTime?: string | null;
  readonly phase?: TargetPhase;
  readonly connection?: ConnectionState;
  readonly since?: string;
  readonly verdict?: 'PASSED' | 'FAILED' | 'PENDING' | 'UNKNOWN';
  readonly final?: boolean;
  readonly isDemo?: boolean;
}

function sessionOf(facts: Facts = {}): SessionFields {
  const { id = 'a/Tiltfile', uid = 'one', kind = 'CI', pid = 1, startTime = at(-60) } = facts;
  const { connection = 'LIVE', since = at(0), verdict = 'PENDING', final = false } = facts;
  return sessionFields([targetFields('api:serve', facts.phase ?? 'READY')], {
    id,
    isDemo: facts.isDemo ?? false,
    metadata: { uid },
    spec: {
      tiltfilePath: facts.tiltfile ?? '/shop/Tiltfile',
      exitCondition: kind,
      exitConditionText: kind.toLowerCase(),
    },
    status: { done: final, pid, startTime, error: null },
    verdict: { ...verdictFields(verdict), final },
    connection: { state: connection, since, error: null },
  });
}

function viewFor(session: SessionFields | null, phase: TargetPhase = 'READY') {
  return viewOf([targetFields('api:serve', phase)], { session });
}

const TIMING: WaitTiming = { startedAt: STARTED, now: STARTED + 1_000, maxAgeMs: 10_000, isLate: false };
const LATE = { ...TIMING, now: STARTED + 10_000, isLate: true };

function evaluatorOf(
  condition: Condition = 'done',
  { run = {}, session }: { run?: RunSelector; session?: string } = {},
) {
  let timing = TIMING;
  const evaluator = createWaitEvaluator({ session, run, for: condition }, () => timing);
  return {
    evaluator,
    beLate() {
      timing = LATE;
    },
    onSession: (facts: Facts | null) => evaluator.onTargets(viewFor(facts && sessionOf(facts), facts?.phase)),
    onSessions: (all: readonly Facts[]) =>
      evaluator.onSessions({
        sessions: new Map(all.map(sessionOf).map((one) => [one.id, one])),
        changes: [],
        reset: true,
        conflated: 0,
        cursor: 'c',
        link: viewFor(null).link,
      }),
  };
}

type Is = Evaluation['is'];
const target = (phase: TargetPhase): Condition => ({ target: 'api:serve', phase });
const PASSED = { verdict: 'PASSED', final: true } as const;
const FAILED = { verdict: 'FAILED', final: true, phase: 'FAILED' } as const;

describe('a bound run: what each connection says of each condition', () => {
  // The columns: ready, done, target READY, target SUCCEEDED, target FAILED.
  const CONDITIONS = ['ready', 'done', target('READY'), target('SUCCEEDED'), target('FAILED')] as const;
  const cells: [string, Facts, readonly Is[]][] = [
    ['LIVE, pending', { phase: 'READY' }, ['open', 'open', 'reached', 'open', 'open']],
    ['LIVE, passed', { phase: 'READY', verdict: 'PASSED' }, ['reached', 'open', 'reached', 'open', 'open']],
    [
      'LIVE, failed',
      { phase: 'FAILED', verdict: 'FAILED' },
      ['failed', 'open', 'failed', 'failed', 'reached'],
    ],
    ['LIVE, done and passed', PASSED, ['reached', 'reached', 'reached', 'failed', 'failed']],
    ['LIVE, done and failed', FAILED, ['failed', 'failed', 'failed', 'failed', 'reached']],
    [
      'LIVE, of tilt up',
      { kind: 'MANUAL', verdict: 'PASSED' },
      ['reached', 'impossible', 'reached', 'open', 'open'],
    ],
    [
      'LIVE, of an unknown exit condition',
      { kind: 'UNKNOWN', verdict: 'UNKNOWN' },
      ['unknown', 'unknown', 'reached', 'open', 'open'],
    ],
    ...(['READY', 'SUCCEEDED', 'FAILED'] as const).map((phase): [string, Facts, readonly Is[]] => [
      `STALE, its target was ${phase}`,
      { phase, connection: 'STALE', verdict: 'UNKNOWN' },
      ['indeterminate', 'indeterminate', 'indeterminate', 'indeterminate', 'indeterminate'],
    ]),
    ['STALE, done', { ...PASSED, connection: 'STALE' }, Array(5).fill('indeterminate')],
    [
      'GONE before it was done',
      { connection: 'GONE', verdict: 'UNKNOWN' },
      ['indeterminate', 'indeterminate', 'indeterminate', 'indeterminate', 'indeterminate'],
    ],
    [
      'GONE, done and passed, its target was READY',
      { ...PASSED, connection: 'GONE' },
      ['reached', 'reached', 'unknown', 'failed', 'failed'],
    ],
    [
      'GONE, done and passed, its target was SUCCEEDED',
      { ...PASSED, phase: 'SUCCEEDED', connection: 'GONE' },
      ['reached', 'reached', 'unknown', 'reached', 'failed'],
    ],
    [
      'GONE, done and failed, its target was FAILED',
      { ...FAILED, connection: 'GONE' },
      ['failed', 'failed', 'failed', 'failed', 'reached'],
    ],
  ];

  it.each(cells)('%s', (_, facts, expected) => {
    const found = CONDITIONS.map((condition) => {
      const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
      wait.onSession({ kind: facts.kind ?? 'CI' });
      return wait.onSession(facts).is;
    });
    expect(found).toEqual(expected);
  });

  it.each(['RUNNING', 'WAITING', 'RETRYING', 'READY'] as const)(
    '%s of a Tilt that has left is never met',
    (phase) => {
      const wait = evaluatorOf(target(phase), { session: 'a/Tiltfile' });
      wait.onSession({});
      expect(wait.onSession({ ...PASSED, phase, connection: 'GONE' })).toEqual({
        is: 'unknown',
        reason: `a/Tiltfile: its Tilt has left; api:serve was ${phase} at the end`,
      });
    },
  );

  it('a Session that the gateway forgets decides nothing', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession({});
    expect(wait.onSession(null).is).toBe('indeterminate');
  });
});

describe('the choice of a run, by id', () => {
  const ended = (since: string, more: Facts = {}): Facts => ({
    ...PASSED,
    connection: 'GONE',
    since,
    ...more,
  });
  const cells: [string, Facts | null, early: Is, late: Is][] = [
    ['that is LIVE', {}, 'open', 'open'],
    ['that is LIVE and done', PASSED, 'reached', 'reached'],
    ['that is STALE', { connection: 'STALE' }, 'indeterminate', 'indeterminate'],
    ['that is STALE and done', { ...PASSED, connection: 'STALE' }, 'indeterminate', 'indeterminate'],
    ['that is not there', null, 'absent', 'absent'],
    ['that ended 9 s before', ended(at(-9)), 'absent', 'reached'],
    ['that ended 10 s before', ended(at(-10)), 'absent', 'reached'],
    ['that ended 11 s before', ended(at(-11)), 'absent', 'absent'],
    ['that ended an hour before', ended(at(-3_600)), 'absent', 'absent'],
    ['that ended in the future, by a clock that is wrong', ended(at(60)), 'absent', 'absent'],
    ['that left 1 s before it was done', ended(at(-1), { final: false }), 'absent', 'absent'],
    ['of the demonstration, which is named', { isDemo: true }, 'open', 'open'],
  ];

  it.each(cells)('a run %s', (_, facts, early, late) => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(facts).is).toBe(early);
    wait.beLate();
    expect(wait.onSession(facts).is).toBe(late);
    expect(wait.evaluator.run === null).toBe(!['open', 'reached'].includes(late));
  });

  it('a run that appears after the previous one ended is taken, though the previous one passed', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(ended(at(-1))).is).toBe('absent');
    expect(wait.onSession({ uid: 'two' }).is).toBe('open');
    expect(wait.onSession({ ...FAILED, uid: 'two', connection: 'GONE', since: at(2) }).is).toBe('failed');
  });

  it('a run that appears and ends between two views is taken at once', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession(ended(at(-1)));
    expect(wait.onSession({ ...FAILED, uid: 'two', connection: 'GONE', since: at(0.5) }).is).toBe('failed');
  });

  it('a run that ended before the wait, and which the gateway reads from a bucket only now, is not taken at once', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession(null);
    expect(wait.onSession(ended(at(-30))).is).toBe('absent');
  });

  it('the reason says when the last run ended, and which it was', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(ended(at(-3_600))).reason).toBe(
      `a/Tiltfile: its Tilt has left, at ${at(-3_600)} (/shop/Tiltfile, started ${at(-60)}, pid 1)`,
    );
  });
});

describe('the choice of a run, among all Sessions', () => {
  const b: Facts = { id: 'b/Tiltfile', uid: 'b', pid: 2, tiltfile: '/other/Tiltfile', startTime: at(5) };
  const gone: Facts = { ...PASSED, connection: 'GONE', since: at(-3_600) };
  const cells: [string, RunSelector, readonly Facts[], Is, run: string | null][] = [
    ['the only one', {}, [{}], 'indeterminate', 'a/Tiltfile'],
    ['the LIVE one beside GONE ones', {}, [gone, b], 'indeterminate', 'b/Tiltfile'],
    ['none of two', {}, [{}, b], 'unknown', null],
    ['none of a LIVE and a STALE one', {}, [{}, { ...b, connection: 'STALE' }], 'unknown', null],
    ['none where all have left', {}, [gone], 'absent', null],
    ['none where only the demonstration is there', {}, [{ isDemo: true }], 'absent', null],
    ['the one beside the demonstration', {}, [{ isDemo: true }, b], 'indeterminate', 'b/Tiltfile'],
    ['that of a pid', { pid: 2 }, [{}, b], 'indeterminate', 'b/Tiltfile'],
    ['that of a Tiltfile', { tiltfile: '/other/Tiltfile' }, [{}, b], 'indeterminate', 'b/Tiltfile'],
    ['that which started later', { startedAfter: new Date(STARTED) }, [{}, b], 'indeterminate', 'b/Tiltfile'],
    [
      'none where one of two conditions does not hold',
      { pid: 2, tiltfile: '/shop/Tiltfile' },
      [{}, b],
      'absent',
      null,
    ],
    ['none where the pid is that of the demonstration', { pid: 1 }, [{ isDemo: true }], 'absent', null],
    ['that of a pid, though it ended long ago', { pid: 1 }, [gone, b], 'indeterminate', 'a/Tiltfile'],
    [
      'that which started later, though it ended long ago',
      { startedAfter: new Date(STARTED - 60_000) },
      [gone],
      'indeterminate',
      'a/Tiltfile',
    ],
    ['not that of a Tiltfile which ended long ago', { tiltfile: '/shop/Tiltfile' }, [gone], 'absent', null],
    ['none of a pid that left before it was done', { pid: 1 }, [{ ...gone, final: false }], 'absent', null],
    [
      'none where the start is not known',
      { startedAfter: new Date(0) },
      [{ startTime: null }],
      'absent',
      null,
    ],
  ];

  it.each(cells)('is %s', (_, run, sessions, is, chosen) => {
    const wait = evaluatorOf('done', { run });
    expect(wait.onSessions(sessions).is).toBe(is);
    expect(wait.evaluator.run?.session ?? null).toBe(chosen);
  });

  it('lists the ids where several could be meant', () => {
    expect(evaluatorOf().onSessions([{}, b]).reason).toBe(
      'which Session? 2 could be meant, so give an id: a/Tiltfile, b/Tiltfile',
    );
  });
});

describe('another run under the same id', () => {
  const up: Facts = { kind: 'MANUAL', verdict: 'PENDING' };
  const cells: [string, Condition, before: Facts, after: Facts, Is][] = [
    ['of tilt ci', 'done', {}, { ...PASSED, uid: 'two' }, 'replaced'],
    ['of tilt ci, for ready', 'ready', {}, { ...PASSED, uid: 'two' }, 'replaced'],
    ['of tilt up, for ready', 'ready', up, { ...up, uid: 'two', verdict: 'PASSED' }, 'reached'],
    ['of tilt up, for a target', target('READY'), up, { ...up, uid: 'two' }, 'replaced'],
    ['of tilt up, with another Tiltfile', 'ready', up, { ...up, uid: 'two', tiltfile: '/x' }, 'replaced'],
    ['of tilt ci after tilt up', 'ready', up, { ...PASSED, uid: 'two' }, 'replaced'],
    ['of tilt up after tilt ci', 'ready', {}, { ...up, uid: 'two' }, 'replaced'],
    ['that has ended already', 'done', {}, { ...PASSED, uid: 'two', connection: 'GONE' }, 'replaced'],
    ['without uid, with another pid', 'done', { uid: null }, { ...PASSED, uid: null, pid: 2 }, 'replaced'],
    [
      'without uid, with another start time',
      'done',
      { uid: null },
      { ...PASSED, uid: null, startTime: at(0) },
      'replaced',
    ],
    [
      'without uid, whose pid and start time appear later, is the same',
      'done',
      { uid: null, pid: null, startTime: null },
      { ...PASSED, uid: null },
      'reached',
    ],
  ];

  it.each(cells)('%s', (_, condition, before, after, is) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    wait.onSession(before);
    expect(wait.onSession(after).is).toBe(is);
  });

  it('of a tilt up is not followed by a wait that names the process', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile', run: { pid: 1 } });
    wait.onSession(up);
    expect(wait.onSession({ ...up, uid: 'two', pid: 2, verdict: 'PASSED' }).is).toBe('replaced');
  });

  it('is named, with the one that it replaced', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession({});
    expect(wait.onSession({ uid: 'two', pid: 2, tiltfile: '/x', startTime: at(1) }).reason).toBe(
      `a/Tiltfile: replaced by another run (/x, started ${at(1)}, pid 2); this wait was for /shop/Tiltfile, started ${at(-60)}, pid 1`,
    );
  });

  it('of a tilt up that was started again is followed, and counted', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession(up);
    wait.onSession({ ...up, connection: 'GONE' });
    expect(wait.onSession({ ...up, uid: 'two', pid: 2 }).is).toBe('open');
    expect(wait.evaluator.run?.pid).toBe(2);
    expect(wait.evaluator.replacedRuns.map(({ pid }) => pid)).toEqual([1]);
  });
});

describe('a published `tilt up` that is started again', () => {
  const up: Facts = { kind: 'MANUAL', verdict: 'PENDING' };
  const starting: Facts = { uid: 'start', tiltfile: '', pid: 2, connection: 'STALE', verdict: 'UNKNOWN' };

  it('is followed by a wait for ready, once its Session has been read', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession(up);
    expect(wait.onSession(starting).is).toBe('indeterminate');
    expect(wait.evaluator.run?.pid).toBe(1);
    expect(wait.onSession({ ...up, uid: 'two', pid: 2, verdict: 'PASSED' }).is).toBe('reached');
    expect(wait.evaluator.replacedRuns.map(({ pid }) => pid)).toEqual([1]);
  });

  it.each([
    ['with another Tiltfile', 'ready', up, { ...up, uid: 'two', tiltfile: '/x', verdict: 'PASSED' }],
    ['as a tilt ci', 'ready', up, { ...PASSED, uid: 'two' }],
    ['and has ended before it was read', 'ready', up, { ...starting, ...PASSED, connection: 'GONE' }],
  ] as const)('%s ends the wait', (_, condition, before, after) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    wait.onSession(before);
    wait.onSession(starting);
    expect(wait.onSession(after).is).toBe('replaced');
  });

  it.each([
    ['of tilt ci, for done', 'done', {}],
    ['for a target', target('READY'), up],
  ] as const)('ends a wait %s at once', (_, condition, before) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    wait.onSession(before);
    expect(wait.onSession(starting).is).toBe('replaced');
  });
});

describe('a target that is not there', () => {
  it.each([
    ['api', 'READY', '; did you mean api:serve?'],
    ['API', 'READY', '; did you mean api:serve?'],
    ['api:server', 'READY', '; did you mean api:serve?'],
    ['other', 'READY', ''],
  ] as const)('%s: the reason names the one that may be meant', (name, phase, hint) => {
    const wait = evaluatorOf({ target: name, phase }, { session: 'a/Tiltfile' });
    expect(wait.onSession({})).toEqual({
      is: 'open',
      reason: `there is no target ${name}, not ${phase}${hint}`,
    });
  });

  it('that has the name of several targets is met once all of them are in the phase', () => {
    const twice = [
      targetFields('tiltfile:update', 'SUCCEEDED'),
      { ...targetFields('tiltfile:update', 'RUNNING'), id: 'a/Tiltfile#tiltfile:update#2' },
    ];
    const evaluate = (phase: TargetPhase) => {
      const wait = createWaitEvaluator(
        { session: 'a/Tiltfile', for: { target: 'tiltfile:update', phase } },
        () => TIMING,
      );
      const targets = new Map(twice.map((one, index) => [`${one.name}#${index}`, one]));
      return wait.onTargets(viewOf([], { session: sessionOf(), targets })).is;
    };
    expect([evaluate('SUCCEEDED'), evaluate('RUNNING')]).toEqual(['open', 'open']);
  });
});
