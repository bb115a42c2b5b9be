import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { computePhase, findBlockers, type Phase } from '../../src/model/phase.js';
import { type ConnectionState, computeVerdict, type Verdict } from '../../src/model/verdict.js';
import { rawSessions } from '../support/arbitraries.js';
import { withFacts } from '../support/facts.js';
import { decodeRawSession, type Json, RAW_STATES, rawTarget } from '../support/raw-session.js';
import { readRecordedEvents } from '../support/recording.js';

const CONNECTIONS: readonly ConnectionState[] = ['live', 'stale', 'gone'];
const tiltfile = rawTarget('tiltfile:update', RAW_STATES.succeeded);

describe('computePhase', () => {
  it.each(Object.entries(RAW_STATES))('is %s for a target in that state', (phase, state) => {
    expect(phasesOf([rawTarget('a:serve', state)])).toEqual([phase]);
  });

  it.each<[string, Json, Phase]>([
    ['a Kubernetes pod that succeeded', { terminated: { finishTime: null } }, 'succeeded'],
    ['success within the grace period', { terminated: { graceStatus: 'Tolerated' } }, 'succeeded'],
    ['an error after the grace period', { terminated: { error: 'x', graceStatus: 'Exceeded' } }, 'failed'],
    ['an error with an unknown grace status', { terminated: { error: 'x', graceStatus: 'New' } }, 'failed'],
    ['a state of a newer Tilt', { paused: {} }, 'waiting'],
  ])('of %s', (_, state, phase) => {
    expect(phasesOf([rawTarget('a:serve', state)])).toEqual([phase]);
  });
});

describe('computePhase a job', () => {
  it('is succeeded if Tilt reports it as active and ready: a Kubernetes Job whose pod was collected', () => {
    const types = ['job', 'server', 'daemon'];
    const targets = types.map((type) => ({ ...rawTarget(`${type}:runtime`, RAW_STATES.ready), type }));
    expect(phasesOf(targets)).toEqual(['succeeded', 'ready', 'ready']);
  });
});

describe('findBlockers', () => {
  it('groups the blocking targets by phase, those first that need a person', () => {
    const phases = ['waiting', 'ready', 'FAILED', 'running', 'inactive', 'RETRYING', 'disabled', 'succeeded'];
    const blockers = findBlockers([...phases, 'failed'], (phase) => phase);
    expect(Object.entries(blockers)).toEqual([
      ['failed', ['FAILED', 'failed']],
      ['retrying', ['RETRYING']],
      ['running', ['running']],
      ['waiting', ['waiting']],
    ]);
  });
});

/**
 * The rules of `processExitCondition`: states of the targets without the Tiltfile, and the expected verdict.
 */
const RULES: readonly [string, Readonly<Record<string, Json>>, Pick<Verdict, 'state' | 'reason'>][] = [
  ['all is ready', { a: RAW_STATES.ready }, { state: 'passed', reason: null }],
  ['all has succeeded', { a: RAW_STATES.succeeded }, { state: 'passed', reason: null }],
  [
    'the rest is inactive',
    { a: RAW_STATES.ready, b: RAW_STATES.inactive },
    { state: 'passed', reason: null },
  ],
  [
    'the rest is disabled',
    { a: RAW_STATES.ready, b: RAW_STATES.disabled },
    { state: 'passed', reason: null },
  ],
  [
    'nothing is active',
    { a: RAW_STATES.inactive, b: RAW_STATES.disabled },
    { state: 'passed', reason: null },
  ],
  [
    'no target is known but the Tiltfile',
    {},
    { state: 'pending', reason: 'no target except the Tiltfile yet' },
  ],
  [
    'one is waiting',
    { a: RAW_STATES.ready, b: RAW_STATES.waiting },
    { state: 'pending', reason: 'waiting: b' },
  ],
  [
    'one is not ready',
    { a: RAW_STATES.ready, b: RAW_STATES.running },
    { state: 'pending', reason: 'not ready: b' },
  ],
  [
    'one is retrying',
    { a: RAW_STATES.ready, b: RAW_STATES.retrying },
    { state: 'pending', reason: 'retrying: b' },
  ],
  [
    'one is in an unknown state',
    { a: RAW_STATES.ready, b: { paused: {} } },
    { state: 'pending', reason: 'waiting: b' },
  ],
  [
    'several are not there yet',
    { a: RAW_STATES.waiting, b: RAW_STATES.running, c: RAW_STATES.retrying, d: RAW_STATES.waiting },
    { state: 'pending', reason: 'waiting: a, d; not ready: b; retrying: c' },
  ],
  [
    'one has failed',
    { a: RAW_STATES.ready, b: RAW_STATES.failed },
    { state: 'failed', reason: 'b: exit status 1' },
  ],
  [
    'one has failed while others wait',
    { a: RAW_STATES.waiting, b: RAW_STATES.failed, c: RAW_STATES.retrying },
    { state: 'failed', reason: 'b: exit status 1' },
  ],
  [
    'several have failed: the first counts',
    { a: { terminated: { error: 'first' } }, b: { terminated: { error: 'second' } } },
    { state: 'failed', reason: 'a: first' },
  ],
  [
    'one has exceeded its grace period',
    { a: { terminated: { error: 'crash', graceStatus: 'Exceeded' } } },
    { state: 'failed', reason: 'a: exceeded grace period: crash' },
  ],
  [
    'one has failed with a grace status of a newer Tilt',
    { a: { terminated: { error: 'crash', graceStatus: 'Forgiven' } } },
    { state: 'failed', reason: 'a: crash' },
  ],
];

describe.each(['ci', 'manual'])(
  'the verdict on a live Session whose exit condition is %s',
  (exitCondition) => {
    it.each(RULES)('when %s', (_, states, expected) => {
      const targets = [tiltfile, ...Object.entries(states).map(([name, state]) => rawTarget(name, state))];
      const judged = decodeRawSession({ spec: { exitCondition }, status: { targets } });
      expect(computeVerdict(judged, 'live')).toMatchObject({ ...expected, final: false });
    });

    it('is pending with a single target that is not the Tiltfile, and names it', () => {
      const targets = [rawTarget('api:serve', RAW_STATES.ready)];
      const judged = decodeRawSession({ spec: { exitCondition }, status: { targets } });
      expect(computeVerdict(judged, 'live')).toMatchObject({
        state: 'pending',
        reason: 'api:serve is the only target so far; the target of the Tiltfile is missing',
      });
    });

    it.each([null, []])('is pending before the first target: %j', (targets) => {
      const judged = decodeRawSession({ spec: { exitCondition }, status: { targets } });
      expect(computeVerdict(judged, 'live')).toMatchObject({ state: 'pending', final: false });
    });
  },
);

describe('the verdict', () => {
  const good = { targets: [tiltfile, rawTarget('a:serve', RAW_STATES.ready)] };
  const bad = { targets: [tiltfile, rawTarget('a:serve', RAW_STATES.failed)] };

  it('lists the targets that decide it', () => {
    const targets = Object.entries(RAW_STATES).map(([phase, state]) => rawTarget(phase, state));
    const { waiting, notReady, retrying, failed } = computeVerdict(
      decodeRawSession({ status: { targets } }),
      'live',
    );
    expect([waiting, notReady, retrying, failed].map((list) => list.map(({ name }) => name))).toEqual([
      ['waiting'],
      ['running'],
      ['retrying'],
      ['failed'],
    ]);
  });

  it.each(CONNECTIONS)("is Tilt's own, and final, once done, with the connection %s", (connection) => {
    const passed = decodeRawSession({ spec: { exitCondition: 'ci' }, status: { ...bad, done: true } });
    const failed = decodeRawSession({
      spec: { exitCondition: 'ci' },
      status: { ...good, done: true, error: 'Timeout' },
    });
    expect(computeVerdict(passed, connection)).toMatchObject({ state: 'passed', final: true, reason: null });
    expect(computeVerdict(failed, connection)).toMatchObject({
      state: 'failed',
      final: true,
      reason: 'Timeout',
    });
  });

  it.each<[ConnectionState, string]>([
    ['stale', 'the connection was lost before it was done'],
    ['gone', 'it ended before it was done'],
  ])('is unknown if the connection is %s before it was done', (connection, reason) => {
    for (const status of [good, bad, { targets: null }, { ...good, error: 'Timeout' }]) {
      const open = decodeRawSession({ spec: { exitCondition: 'ci' }, status });
      expect(computeVerdict(open, connection)).toMatchObject({ state: 'unknown', final: false, reason });
    }
  });

  it('is failed with an error of the Session although no target failed', () => {
    const judged = decodeRawSession({ status: { ...good, error: 'cluster connection failed' } });
    expect(computeVerdict(judged, 'live')).toMatchObject({
      state: 'failed',
      reason: 'cluster connection failed',
    });
  });

  it.each(['never', '', null])('is unknown if the exit condition is %j', (exitCondition) => {
    const judged = decodeRawSession({ spec: { exitCondition }, status: good });
    expect(computeVerdict(judged, 'live')).toMatchObject({ state: 'unknown', final: false });
  });

  it('has the message of a multi-line Tiltfile error as its reason, in plain text', () => {
    const error =
      '\nTraceback (most recent call last):\r\n  Tiltfile:1:1: in <toplevel>\n\n\u001b[31mError: boom\u001b[0m\n';
    const oneLine = 'Error: boom';
    const done = decodeRawSession({ status: { ...good, done: true, error } });
    const target = decodeRawSession({
      status: { targets: [tiltfile, rawTarget('a', { terminated: { error } })] },
    });
    expect(computeVerdict(done, 'live').reason).toBe(oneLine);
    expect(computeVerdict(target, 'live').reason).toBe(`a: ${oneLine}`);
  });

  it('has a reason of bounded length for any number of targets', () => {
    const names = Array.from({ length: 1_000 }, (_, index) => `t${index}`);
    const targets = names.map((name) => rawTarget(name, RAW_STATES.waiting));
    const { reason, waiting } = computeVerdict(decodeRawSession({ status: { targets } }), 'live');
    expect(reason).toBe('waiting: t0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 990 more');
    expect(waiting).toHaveLength(1_000);
  });
});

describe('the verdict on any Session', () => {
  const sessions = rawSessions.map((object) => decodeSession(object, 'a'));
  const connections = fc.constantFrom(...CONNECTIONS);

  it('is never passed unless the connection is live or it is done', () => {
    fc.assert(
      fc.property(sessions, connections, (judged, connection) => {
        const passed = computeVerdict(judged, connection).state === 'passed';
        expect(passed && connection !== 'live' && !judged.status.done).toBe(false);
      }),
    );
  });

  it('is final exactly when it is done', () => {
    fc.assert(
      fc.property(sessions, connections, (judged, connection) => {
        expect(computeVerdict(judged, connection).final).toBe(judged.status.done);
      }),
    );
  });

  it('before it is done is passed only with more than one target and no blocking one', () => {
    fc.assert(
      fc.property(sessions, (judged) => {
        fc.pre(!judged.status.done);
        const { state, waiting, notReady, retrying, failed } = computeVerdict(judged, 'live');
        const hindering = [...waiting, ...notReady, ...retrying, ...failed];
        expect(state === 'passed' && (judged.status.targets.length < 2 || hindering.length > 0)).toBe(false);
      }),
    );
  });

  it('has a one-line reason unless it is passed', () => {
    fc.assert(
      fc.property(sessions, connections, (judged, connection) => {
        const { state, reason } = computeVerdict(judged, connection);
        expect(reason === null).toBe(state === 'passed');
        expect(reason ?? '').not.toMatch(/[\n\r\u0085\u2028\u2029]/);
      }),
    );
  });

  it('does not pass because of a state of a newer Tilt', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.jsonValue(), (key, value) => {
        fc.pre(value !== null && !['waiting', 'active', 'terminated', 'disabled'].includes(key));
        const targets = [
          tiltfile,
          rawTarget('a:serve', RAW_STATES.ready),
          rawTarget('b:serve', { [key]: value }),
        ];
        expect(computeVerdict(decodeRawSession({ status: { targets } }), 'live').state).toBe('pending');
      }),
    );
  });
});

describe('the recorded sequence of verdicts', () => {
  it('of a passing tilt ci is pending until its last event, then passed and final', () => {
    const course = courseOf('ci-ok', 'live');
    expect(course.at(-1)).toMatchObject({ state: 'passed', final: true, reason: null });
    expect(course.slice(0, -1).map(({ state, final }) => [state, final])).toEqual(
      course.slice(0, -1).map(() => ['pending', false]),
    );
  });

  it('of a failing tilt ci is pending until its last event, then failed and final with the reason', () => {
    const course = courseOf('ci-bad', 'live');
    expect(course.at(-1)).toMatchObject({
      state: 'failed',
      final: true,
      reason: 'Command "sleep 2; echo \\"assert 1 == 2\\" >&2; exit 1" failed: exit status 1',
    });
    expect(course.at(-1)?.failed.map(({ name }) => name)).toEqual(['unit:update']);
    expect(course.slice(0, -1).every(({ state, final }) => state === 'pending' && !final)).toBe(true);
  });

  it.each<['ci-ok' | 'ci-bad', ConnectionState]>([
    ['ci-ok', 'stale'],
    ['ci-ok', 'gone'],
    ['ci-bad', 'stale'],
    ['ci-bad', 'gone'],
  ])('of %s is unknown at every event before done if the connection is %s', (name, connection) => {
    const cut = courseOf(name, connection).slice(0, -1);
    expect(cut.every(({ state, final }) => state === 'unknown' && !final)).toBe(true);
  });

  it.each(['up', 'edit'] as const)('of a tilt up is never final: %s', (name) => {
    expect(courseOf(name, 'live').every(({ final }) => !final)).toBe(true);
    expect(courseOf(name, 'gone').every(({ state }) => state === 'unknown')).toBe(true);
  });

  it('of a tilt up changes from pending to failed when a target fails', () => {
    const states = courseOf('up', 'live').map(({ state }) => state);
    expect(states.filter((state, index) => state !== states[index - 1]).slice(0, 2)).toEqual([
      'pending',
      'failed',
    ]);
  });
});

function courseOf(name: Parameters<typeof readRecordedEvents>[0], connection: ConnectionState): Verdict[] {
  return readRecordedEvents(name).map(({ object }) =>
    computeVerdict(decodeSession(object, 'tilt-default'), connection),
  );
}

function phasesOf(targets: Json[]): Phase[] {
  return decodeRawSession({ status: { targets } }).status.targets.map(computePhase);
}

describe('computeVerdict a Session with a cluster', () => {
  const ERROR =
    'Tilt encountered an error connecting to your Kubernetes cluster:\n\tGet "https://127.0.0.1:1/version": connection refused\nYou will need to restart Tilt after resolving the issue.';
  const passing = decodeRawSession({
    status: { targets: [tiltfile, rawTarget('web:runtime', RAW_STATES.ready)] },
  });
  const failing = decodeRawSession({
    status: { targets: [tiltfile, rawTarget('web:runtime', RAW_STATES.failed)] },
  });
  const kubernetes = { web: { kind: 'kubernetes' } } as const;
  const cluster = { error: ERROR };

  it('has failed if it needs the cluster, before any target is considered', () => {
    const reason =
      'cluster connection failed: Tilt encountered an error connecting to your Kubernetes cluster: Get "https://127.0.0.1:1/version": connection refused';
    for (const of of [passing, failing]) {
      expect(computeVerdict(withFacts(of, kubernetes, { cluster }), 'live')).toMatchObject({
        state: 'failed',
        final: false,
        reason,
      });
    }
  });

  it.each([
    ['no resource is deployed to it', withFacts(passing, { web: { kind: 'local' } }, { cluster })],
    [
      'that resource is disabled',
      withFacts(passing, { web: { kind: 'kubernetes', isDisabled: true } }, { cluster }),
    ],
    ['it can be reached', withFacts(passing, kubernetes, { cluster: { error: null } })],
    ['the resources are not known', { ...passing, facts: { resources: null, cluster, webUrl: null } }],
    ['nothing is known', passing],
  ])('is judged by its targets if %s', (_, of) => {
    expect(computeVerdict(of, 'live').state).toBe('passed');
  });

  it('keeps its own final result, and is unknown without a connection', () => {
    const done = decodeRawSession({ status: { done: true, error: 'cluster connection failed' } });
    expect(computeVerdict(withFacts(done, kubernetes, { cluster }), 'gone')).toMatchObject({
      state: 'failed',
      final: true,
      reason: 'cluster connection failed',
    });
    expect(computeVerdict(withFacts(passing, kubernetes, { cluster }), 'stale').state).toBe('unknown');
  });
});
