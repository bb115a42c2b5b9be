import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  Condition,
  ConnectionState,
  ExitCondition,
  RunSelector,
  SessionFields,
  TargetPhase,
} from '../../src/client/client.js';
import type { Evaluation } from '../../src/client/evaluate.js';
import { createWaitEvaluator, type WaitTiming } from '../../src/client/wait-evaluator.js';
import { createTargetsView, sessionFields, targetFields, verdictFields } from '../support/target-fields.js';

const STARTED = Date.parse('2026-11-22T12:00:00Z');
const at = (seconds: number) => new Date(STARTED + seconds * 1_000).toISOString();

/** State of a Session with one target. */
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
  return createTargetsView([targetFields('api:serve', phase)], { session });
}

const TIMING: WaitTiming = {
  startedAt: STARTED,
  now: STARTED + 1_000,
  maxAgeMs: 10_000,
  acceptsEndedRun: false,
};
const LATE = { ...TIMING, now: STARTED + 10_000, acceptsEndedRun: true };

function evaluatorOf(
  condition: Condition = 'done',
  { run = {}, session }: { run?: RunSelector; session?: string | undefined } = {},
) {
  let timing = TIMING;
  const evaluator = createWaitEvaluator({ session, run, for: condition }, () => timing);
  return {
    evaluator,
    acceptEndedRun() {
      timing = LATE;
    },
    onSession: (facts: Facts | null) => evaluator.onTargets(viewFor(facts && sessionOf(facts), facts?.phase)),
    onSessions: (all: readonly Facts[], connecting: readonly string[] | null = []) =>
      evaluator.onSessions(
        {
          sessions: new Map(all.map(sessionOf).map((one) => [one.id, one])),
          changes: [],
          reset: true,
          conflated: 0,
          cursor: 'c',
          link: viewFor(null).link,
        },
        connecting,
      ),
  };
}

type Status = Evaluation['status'];
const target = (phase: TargetPhase): Condition => ({ target: 'api:serve', phase });
const PASSED = { verdict: 'PASSED', final: true } as const;
const FAILED = { verdict: 'FAILED', final: true, phase: 'FAILED' } as const;

describe('a bound run', () => {
  // Columns: ready, done, target READY, target SUCCEEDED, target FAILED.
  const CONDITIONS = ['ready', 'done', target('READY'), target('SUCCEEDED'), target('FAILED')] as const;
  const cells: [string, Facts, readonly Status[]][] = [
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
      'LIVE, tilt up',
      { kind: 'MANUAL', verdict: 'PASSED' },
      ['reached', 'impossible', 'reached', 'open', 'open'],
    ],
    [
      'LIVE, with an unknown exit condition',
      { kind: 'UNKNOWN', verdict: 'UNKNOWN' },
      ['unknown', 'unknown', 'reached', 'open', 'open'],
    ],
    ...(['READY', 'SUCCEEDED', 'FAILED'] as const).map((phase): [string, Facts, readonly Status[]] => [
      `STALE, with a target that was ${phase}`,
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
      'GONE, done and passed, with a target that was READY',
      { ...PASSED, connection: 'GONE' },
      ['reached', 'reached', 'unknown', 'failed', 'failed'],
    ],
    [
      'GONE, done and passed, with a target that was SUCCEEDED',
      { ...PASSED, phase: 'SUCCEEDED', connection: 'GONE' },
      ['reached', 'reached', 'failed', 'reached', 'failed'],
    ],
    [
      'GONE, done and failed, with a target that was FAILED',
      { ...FAILED, connection: 'GONE' },
      ['failed', 'failed', 'failed', 'failed', 'reached'],
    ],
  ];

  it.each(cells)('the conditions of a run that is %s', (_, facts, expected) => {
    const found = CONDITIONS.map((condition) => {
      const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
      wait.onSession({ kind: facts.kind ?? 'CI' });
      return wait.onSession(facts).status;
    });
    expect(found).toEqual(expected);
  });

  it.each(['RUNNING', 'WAITING', 'RETRYING', 'READY'] as const)(
    'a wait for %s is unknown once Tilt has exited',
    (phase) => {
      const wait = evaluatorOf(target(phase), { session: 'a/Tiltfile' });
      wait.onSession({});
      expect(wait.onSession({ ...PASSED, phase, connection: 'GONE' })).toEqual({
        status: 'unknown',
        reason: `a/Tiltfile: Tilt exited; api:serve was ${phase} at that time`,
      });
    },
  );

  it.each(['LIVE', 'GONE'] as const)(
    'a wait for READY fails when another target ended the run and this one waits: %s',
    (connection) => {
      const targets = [targetFields('api:update', 'FAILED'), targetFields('web:serve', 'WAITING')];
      const session = { ...sessionOf({ ...FAILED, connection }), id: 'a/Tiltfile' };
      const evaluate = (name: string) => {
        const wait = evaluatorOf({ target: name, phase: 'READY' }, { session: session.id });
        wait.onSession({});
        return wait.evaluator.onTargets(createTargetsView(targets, { session }));
      };
      expect(evaluate('web:serve')).toEqual({
        status: 'failed',
        reason: 'web:serve is WAITING, not READY',
      });
      expect(evaluate('wbe:serve')).toMatchObject({
        status: 'failed',
        reason: expect.stringContaining('target wbe:serve not found'),
      });
    },
  );

  it('a wait is indeterminate once the gateway no longer knows the Session', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession({});
    expect(wait.onSession(null).status).toBe('indeterminate');
  });
});

describe('selecting a run by Session id', () => {
  const ended = (since: string, more: Facts = {}): Facts => ({
    ...PASSED,
    connection: 'GONE',
    since,
    ...more,
  });
  const cells: [string, Facts | null, early: Status, late: Status][] = [
    ['that is LIVE', {}, 'open', 'open'],
    ['that is LIVE and done', PASSED, 'reached', 'reached'],
    ['that is STALE', { connection: 'STALE' }, 'indeterminate', 'indeterminate'],
    ['that is STALE and done', { ...PASSED, connection: 'STALE' }, 'indeterminate', 'indeterminate'],
    ['that does not exist', null, 'absent', 'absent'],
    ['that ended 9 s before', ended(at(-9)), 'absent', 'reached'],
    ['that ended 10 s before', ended(at(-10)), 'absent', 'reached'],
    ['that ended 11 s before', ended(at(-11)), 'absent', 'absent'],
    ['that ended an hour before', ended(at(-3_600)), 'absent', 'absent'],
    ['that ended in the future, by a wrong clock', ended(at(60)), 'absent', 'absent'],
    ['that ended 3 s in the future, which is reached meanwhile', ended(at(4)), 'absent', 'absent'],
    ['that ended 2 s in the future, as a slow message does', ended(at(3)), 'absent', 'reached'],
    ['whose Tilt exited 1 s ago before it was done', ended(at(-1), { final: false }), 'absent', 'absent'],
    ['of the demo, selected by id', { isDemo: true }, 'open', 'open'],
  ];

  it.each(cells)('a run %s is evaluated or ignored, early and late', (_, facts, early, late) => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(facts).status).toBe(early);
    wait.acceptEndedRun();
    expect(wait.onSession(facts).status).toBe(late);
    expect(wait.evaluator.run === null).toBe(!['open', 'reached'].includes(late));
  });

  it('a run that appears after a passed one ended is selected', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(ended(at(-1))).status).toBe('absent');
    expect(wait.onSession({ uid: 'two' }).status).toBe('open');
    expect(wait.onSession({ ...FAILED, uid: 'two', connection: 'GONE', since: at(2) }).status).toBe('failed');
  });

  it('a run that appears and ends between two views is selected at once', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession(ended(at(-1)));
    expect(wait.onSession({ ...FAILED, uid: 'two', connection: 'GONE', since: at(0.5) }).status).toBe(
      'failed',
    );
  });

  it('a run that ended before the wait is not selected at once when the gateway reads it late from a bucket', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession(null);
    expect(wait.onSession(ended(at(-30))).status).toBe('absent');
  });

  it('the reason says that the clocks differ if the run ended in the future', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession(ended(at(4)));
    wait.acceptEndedRun();
    expect(wait.onSession(ended(at(4))).reason).toBe(
      `a/Tiltfile: Tilt exited, at ${at(4)}, in the future of the gateway's clock: synchronize the clocks of gateway and NATS servers (/shop/Tiltfile, started ${at(-60)}, pid 1)`,
    );
  });

  it('a repeated view selects no run, since another one may have started', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    const view = viewFor(sessionOf(ended(at(-1))));
    expect(wait.evaluator.onTargets(view).status).toBe('absent');
    wait.acceptEndedRun();
    expect(wait.evaluator.onTargets(view, true)).toEqual({
      status: 'unconfirmed',
      reason:
        'a/Tiltfile: Tilt had exited, and the gateway has not confirmed that no other run has started since',
    });
    expect(wait.evaluator.run).toBeNull();
    expect(wait.evaluator.onTargets(view).status).toBe('reached');
  });

  it('the reason describes the last run and its end', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    expect(wait.onSession(ended(at(-3_600))).reason).toBe(
      `a/Tiltfile: Tilt exited, at ${at(-3_600)} (/shop/Tiltfile, started ${at(-60)}, pid 1)`,
    );
  });
});

describe('selecting a run among all Sessions', () => {
  const b: Facts = { id: 'b/Tiltfile', uid: 'b', pid: 2, tiltfile: '/other/Tiltfile', startTime: at(5) };
  const gone: Facts = { ...PASSED, connection: 'GONE', since: at(-3_600) };
  const cells: [string, RunSelector, readonly Facts[], Status, run: string | null][] = [
    ['the only one', {}, [{}], 'indeterminate', 'a/Tiltfile'],
    ['the LIVE one among GONE ones', {}, [gone, b], 'indeterminate', 'b/Tiltfile'],
    ['none of two', {}, [{}, b], 'unknown', null],
    ['none of a LIVE and a STALE one', {}, [{}, { ...b, connection: 'STALE' }], 'unknown', null],
    ['none when all are GONE', {}, [gone], 'absent', null],
    ['none when only the demo exists', {}, [{ isDemo: true }], 'absent', null],
    ['the one that is not the demo', {}, [{ isDemo: true }, b], 'indeterminate', 'b/Tiltfile'],
    ['the one with the pid', { pid: 2 }, [{}, b], 'indeterminate', 'b/Tiltfile'],
    ['the one with the Tiltfile', { tiltfile: '/other/Tiltfile' }, [{}, b], 'indeterminate', 'b/Tiltfile'],
    [
      'the one that started later',
      { startedAfter: new Date(STARTED) },
      [{}, b],
      'indeterminate',
      'b/Tiltfile',
    ],
    [
      'none when one of two fields does not match',
      { pid: 2, tiltfile: '/shop/Tiltfile' },
      [{}, b],
      'absent',
      null,
    ],
    ['none when the pid is the one of the demo', { pid: 1 }, [{ isDemo: true }], 'absent', null],
    ['the one with the pid, even if it ended long ago', { pid: 1 }, [gone, b], 'indeterminate', 'a/Tiltfile'],
    [
      'the one that started later, even if it ended long ago',
      { startedAfter: new Date(STARTED - 60_000) },
      [gone],
      'indeterminate',
      'a/Tiltfile',
    ],
    [
      'none when the one with the Tiltfile ended long ago',
      { tiltfile: '/shop/Tiltfile' },
      [gone],
      'absent',
      null,
    ],
    [
      'none when the one with the pid exited before it was done',
      { pid: 1 },
      [{ ...gone, final: false }],
      'absent',
      null,
    ],
    [
      'none when the start time is unknown',
      { startedAfter: new Date(0) },
      [{ startTime: null }],
      'absent',
      null,
    ],
  ];

  it.each(cells)('the selected run is %s', (_, run, sessions, status, selected) => {
    const wait = evaluatorOf('done', { run });
    expect(wait.onSessions(sessions).status).toBe(status);
    expect(wait.evaluator.run?.session ?? null).toBe(selected);
  });

  it.each<[string, RunSelector, Facts]>([
    ['LIVE run', {}, {}],
    ['run that ended, with the pid', { pid: 1 }, gone],
    ['run that ended, with the start time', { startedAfter: new Date(STARTED - 60_000) }, gone],
  ])('the only %s is not selected while a source may have another one', (_, run, facts) => {
    const wait = evaluatorOf('done', { run });
    expect(wait.onSessions([facts], null)).toEqual({
      status: 'unconfirmed',
      reason: 'a/Tiltfile may not be the only Session that matches: the gateway has not reported its sources',
    });
    expect(wait.onSessions([facts], ['stdin'])).toEqual({
      status: 'unconfirmed',
      reason:
        'a/Tiltfile may not be the only Session that matches: source stdin is still connecting; give an id to select a run',
    });
    expect(wait.onSessions([facts], ['stdin', 'x', 'y']).reason).toContain(
      'source stdin and 2 more are still',
    );
    expect(wait.evaluator.run).toBeNull();
    expect(wait.onSessions([facts], []).status).toBe('indeterminate');
    expect(wait.evaluator.run?.session).toBe('a/Tiltfile');
  });

  it('several Sessions match at once, also while a source is connecting', () => {
    expect(evaluatorOf().onSessions([{}, b], ['stdin']).status).toBe('unknown');
  });

  it('the reason lists the ids and states when several Sessions match', () => {
    expect(evaluatorOf().onSessions([{}, { ...b, connection: 'STALE' }]).reason).toBe(
      '2 Sessions match; give an id: a/Tiltfile (LIVE), b/Tiltfile (STALE)',
    );
  });
});

describe('another run under the same id', () => {
  const up: Facts = { kind: 'MANUAL', verdict: 'PENDING' };
  const cells: [string, Condition, before: Facts, after: Facts, Status][] = [
    ['of tilt ci', 'done', {}, { ...PASSED, uid: 'two' }, 'replaced'],
    ['of tilt ci, waiting for ready', 'ready', {}, { ...PASSED, uid: 'two' }, 'replaced'],
    ['of tilt up, waiting for ready', 'ready', up, { ...up, uid: 'two', verdict: 'PASSED' }, 'reached'],
    ['of tilt up, waiting for a target', target('READY'), up, { ...up, uid: 'two' }, 'replaced'],
    ['of tilt up, with another Tiltfile', 'ready', up, { ...up, uid: 'two', tiltfile: '/x' }, 'replaced'],
    [
      'of tilt up that started earlier',
      'ready',
      up,
      { ...up, uid: 'two', startTime: at(-3_600), verdict: 'PASSED' },
      'replaced',
    ],
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
      'without uid, whose pid and start time appear later,',
      'done',
      { uid: null, pid: null, startTime: null },
      { ...PASSED, uid: null },
      'reached',
    ],
  ];

  it.each(cells)(
    'a new run %s is followed or replaces the bound one',
    (_, condition, before, after, status) => {
      const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
      wait.onSession(before);
      expect(wait.onSession(after).status).toBe(status);
    },
  );

  it('a run that was replaced does not count as a restart when it takes the id again', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession(up);
    wait.onSession({ ...up, uid: 'two', pid: 2 });
    expect(wait.onSession({ ...up, verdict: 'PASSED' }).status).toBe('replaced');
    expect(wait.evaluator.run?.pid).toBe(2);
  });

  it('a wait that selects a pid does not follow a restarted tilt up', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile', run: { pid: 1 } });
    wait.onSession(up);
    expect(wait.onSession({ ...up, uid: 'two', pid: 2, verdict: 'PASSED' }).status).toBe('replaced');
  });

  it('the reason describes the new run and the one it replaced', () => {
    const wait = evaluatorOf('done', { session: 'a/Tiltfile' });
    wait.onSession({});
    expect(wait.onSession({ uid: 'two', pid: 2, tiltfile: '/x', startTime: at(1) }).reason).toBe(
      `a/Tiltfile: replaced by another run (/x, started ${at(1)}, pid 2); this wait was for /shop/Tiltfile, started ${at(-60)}, pid 1`,
    );
  });

  it('a wait for ready follows a restarted tilt up and lists the replaced run', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession(up);
    wait.onSession({ ...up, connection: 'GONE' });
    expect(wait.onSession({ ...up, uid: 'two', pid: 2 }).status).toBe('open');
    expect(wait.evaluator.run?.pid).toBe(2);
    expect(wait.evaluator.replacedRuns.map(({ pid }) => pid)).toEqual([1]);
  });
});

describe('a restarted `tilt up` of a publisher', () => {
  const up: Facts = { kind: 'MANUAL', verdict: 'PENDING' };
  const starting: Facts = { uid: 'start', tiltfile: '', pid: 2, connection: 'STALE', verdict: 'UNKNOWN' };

  it('a wait for ready follows a published restart once its Session is read', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession(up);
    expect(wait.onSession(starting).status).toBe('indeterminate');
    expect(wait.evaluator.run?.pid).toBe(1);
    expect(wait.onSession({ ...up, uid: 'two', pid: 2, verdict: 'PASSED' }).status).toBe('reached');
    expect(wait.evaluator.replacedRuns.map(({ pid }) => pid)).toEqual([1]);
  });

  it.each([
    ['with another Tiltfile', 'ready', up, { ...up, uid: 'two', tiltfile: '/x', verdict: 'PASSED' }],
    ['as a tilt ci', 'ready', up, { ...PASSED, uid: 'two' }],
    ['that ended before it was read', 'ready', up, { ...starting, ...PASSED, connection: 'GONE' }],
  ] as const)('a published restart %s ends the wait', (_, condition, before, after) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    wait.onSession(before);
    wait.onSession(starting);
    expect(wait.onSession(after).status).toBe('replaced');
  });

  it.each([
    ['for done of tilt ci', 'done', {}],
    ['for a target', target('READY'), up],
  ] as const)('a published restart ends a wait %s at once', (_, condition, before) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    wait.onSession(before);
    expect(wait.onSession(starting).status).toBe('replaced');
  });
});

describe('the run that is present at the start of a wait', () => {
  const up: Facts = { kind: 'MANUAL' };
  const stale: Facts = { connection: 'STALE' };
  const other: Facts = { ...PASSED, uid: 'two', pid: 2, tiltfile: '/other/Tiltfile' };
  const b: Facts = { ...other, id: 'b/Tiltfile' };
  const placeholder: Facts = { uid: 'start', tiltfile: '', pid: null, connection: 'STALE' };
  const ENDED = { ...PASSED, connection: 'GONE', since: at(-3_600) } as const;
  const all = (...sessions: readonly Facts[]) => sessions;

  const byId: [string, Condition, readonly (Facts | null)[], Status, run: number | null][] = [
    ['a STALE run whose id another one takes', 'done', [stale, other], 'replaced', null],
    ['a STALE run whose id another one takes after its end', 'done', [stale, ENDED, other], 'replaced', null],
    ['a STALE run whose id another one takes after a gap', 'done', [stale, null, other], 'replaced', null],
    ['a STALE run that is published again', 'done', [stale, placeholder, other], 'replaced', null],
    ['a STALE run that recovers', 'done', [stale, PASSED], 'reached', 1],
    [
      'a STALE run whose pid is read when it recovers',
      'done',
      [{ ...stale, pid: null }, PASSED],
      'reached',
      1,
    ],
    ['no run but the placeholder of a publisher', 'done', [placeholder, other], 'reached', 2],
    ['no run but a STALE one that is done', 'done', [{ ...PASSED, ...stale }, ENDED, other], 'reached', 2],
    [
      'no run but one that has ended',
      'done',
      [ENDED, { ...other, connection: 'STALE' }, other],
      'reached',
      2,
    ],
    [
      'a STALE tilt up that is restarted',
      'ready',
      [
        { ...up, ...stale },
        { ...up, uid: 'two', pid: 2 },
      ],
      'open',
      2,
    ],
    [
      'a STALE tilt up that is published again',
      'ready',
      [{ ...up, ...stale }, placeholder, { ...up, uid: 'two', pid: 2 }],
      'open',
      2,
    ],
    [
      'a STALE tilt up that a tilt ci replaces',
      'ready',
      [
        { ...up, ...stale },
        { ...PASSED, uid: 'two' },
      ],
      'replaced',
      null,
    ],
  ];

  it.each(byId)('a wait with an id is for %s', (_, condition, views, status, pid) => {
    const wait = evaluatorOf(condition, { session: 'a/Tiltfile' });
    expect(views.map(wait.onSession).at(-1)?.status).toBe(status);
    expect(wait.evaluator.run?.pid ?? null).toBe(pid);
  });

  it('a wait that follows a restart of a STALE tilt up lists the replaced run', () => {
    const wait = evaluatorOf('ready', { session: 'a/Tiltfile' });
    wait.onSession({ ...up, ...stale });
    wait.onSession({ ...up, ...stale, uid: 'two', pid: 2 });
    expect(wait.onSession({ ...up, verdict: 'PASSED', uid: 'two', pid: 2 }).status).toBe('reached');
    expect(wait.evaluator.replacedRuns.map(({ pid }) => pid)).toEqual([1]);
  });

  const CONNECTING = ['late'];
  type View = readonly [sessions: readonly Facts[], connecting: readonly string[]];
  const withoutId: [string, RunSelector, readonly View[], Status, run: string | null][] = [
    [
      'a STALE one that is deleted before another appears',
      {},
      [
        [[stale], []],
        [[], []],
        [[b], []],
      ],
      'replaced',
      null,
    ],
    [
      'a STALE one that ends before another appears',
      {},
      [
        [[stale], []],
        [[ENDED, b], []],
      ],
      'replaced',
      null,
    ],
    [
      'an unconfirmed one whose id another takes',
      {},
      [
        [[{}], CONNECTING],
        [[other], CONNECTING],
      ],
      'replaced',
      null,
    ],
    [
      'an unconfirmed one that exits',
      {},
      [
        [[{}], CONNECTING],
        [all({ ...FAILED, ...ENDED }, b), []],
      ],
      'replaced',
      null,
    ],
    [
      'an unconfirmed one that another joins',
      {},
      [
        [[{}], CONNECTING],
        [all({}, b), []],
      ],
      'unknown',
      null,
    ],
    [
      'an unconfirmed one that is confirmed',
      {},
      [
        [[{}], CONNECTING],
        [[{}], []],
      ],
      'indeterminate',
      'a/Tiltfile',
    ],
    [
      'the one with the pid',
      { pid: 2 },
      [
        [[stale], []],
        [all(stale, b), []],
      ],
      'indeterminate',
      'b/Tiltfile',
    ],
    [
      'the one with the Tiltfile',
      { tiltfile: '/other/Tiltfile' },
      [
        [[stale], []],
        [[other], []],
      ],
      'indeterminate',
      'a/Tiltfile',
    ],
    [
      'the one that started later',
      { startedAfter: new Date(STARTED) },
      [
        [[stale], []],
        [[{ ...other, startTime: at(1) }], []],
      ],
      'indeterminate',
      'a/Tiltfile',
    ],
  ];

  it.each(withoutId)('a wait without an id is for %s', (_, run, views, status, selected) => {
    const wait = evaluatorOf('done', { run });
    expect(views.map((view) => wait.onSessions(...view)).at(-1)?.status).toBe(status);
    expect(wait.evaluator.run?.session ?? null).toBe(selected);
  });

  it('a wait for ready does not follow a tilt up of the same Tiltfile under another id', () => {
    const wait = evaluatorOf('ready');
    wait.onSessions([{ ...up, ...stale }]);
    expect(wait.onSessions([{ ...up, uid: 'two', pid: 2, id: 'b/Tiltfile' }])).toEqual({
      status: 'replaced',
      reason: `a/Tiltfile: another run matches now: b/Tiltfile (/shop/Tiltfile, started ${at(-60)}, pid 2); this wait was for /shop/Tiltfile, started ${at(-60)}, pid 1`,
    });
  });

  const RUNS = ['one', 'two', 'three'].map((uid, index) => ({ uid, pid: index + 1 }));
  const STATES: readonly Facts[] = [
    {},
    { verdict: 'PASSED' },
    PASSED,
    FAILED,
    stale,
    { ...PASSED, ...stale },
    { connection: 'GONE' },
    { ...PASSED, connection: 'GONE' },
    ENDED,
  ];
  const anyFacts = fc
    .record({
      id: fc.constantFrom('a/Tiltfile', 'b/Tiltfile'),
      run: fc.constantFrom(...RUNS),
      state: fc.constantFrom(...STATES),
    })
    .map(({ id, run, state }): Facts => ({ ...state, ...run, uid: `${id} ${run.uid}`, id }));
  const anyViews = fc.array(
    fc.record({
      sessions: fc.uniqueArray(anyFacts, { selector: ({ id }) => id, maxLength: 2 }),
      connecting: fc.constantFrom(null, [], CONNECTING),
      isLate: fc.boolean(),
    }),
    { maxLength: 6 },
  );
  const hasEnded = ({ connection, final }: Facts) =>
    connection === 'GONE' || (connection === 'STALE' && final === true);
  const SETTLED: readonly Status[] = ['reached', 'failed', 'unknown', 'impossible', 'replaced'];

  it.each(['CI', 'MANUAL'] as const)(
    'no sequence of states binds a wait to another run than the first one that is present: %s',
    (kind) => {
      fc.assert(
        fc.property(anyViews, fc.option(fc.constant('a/Tiltfile'), { nil: undefined }), (views, id) => {
          const wait = evaluatorOf('ready', { session: id });
          let present: Facts | undefined;
          for (const { sessions, connecting, isLate } of views) {
            if (isLate) wait.acceptEndedRun();
            const seen = sessions
              .filter((facts) => id === undefined || facts.id === id)
              .map((facts) => ({ ...facts, kind }));
            const bound = wait.evaluator.run;
            if (bound === null) present ??= seen.find((facts) => !hasEnded(facts));
            const only = seen.find((facts) => facts.id === (bound?.session ?? id)) ?? null;
            const { status } =
              bound === null && id === undefined ? wait.onSessions(seen, connecting) : wait.onSession(only);
            const { run, replacedRuns } = wait.evaluator;
            const first = replacedRuns[0] ?? run;
            if (present && first) expect(first.uid).toBe(present.uid);
            if (kind === 'CI') expect(replacedRuns).toEqual([]);
            else expect(replacedRuns.every(({ session }) => session === first?.session)).toBe(true);
            if (SETTLED.includes(status)) break;
          }
        }),
        { numRuns: 2_000 },
      );
    },
  );
});

describe('finding a target by name', () => {
  it.each([
    ['api', 'READY', '; did you mean api:serve?'],
    ['API', 'READY', '; did you mean api:serve?'],
    ['api:server', 'READY', '; did you mean api:serve?'],
    ['other', 'READY', '; known: api:serve'],
  ] as const)(
    'the reason for the unknown target %s suggests similar names or lists the known ones',
    (name, phase, hint) => {
      const wait = evaluatorOf({ target: name, phase }, { session: 'a/Tiltfile' });
      expect(wait.onSession({})).toEqual({
        status: 'open',
        reason: `target ${name} not found${hint}`,
      });
    },
  );

  it('a name shared by several targets reaches a phase once all of them have', () => {
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
      return wait.onTargets(createTargetsView([], { session: sessionOf(), targets })).status;
    };
    expect([evaluate('SUCCEEDED'), evaluate('RUNNING')]).toEqual(['open', 'open']);
  });
});
