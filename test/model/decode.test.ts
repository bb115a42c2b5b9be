import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, decodeSession } from '../../src/model/decode.js';
import { decodeTargetsAt } from '../../src/model/decode-targets.js';
import type { Target, TargetState } from '../../src/model/session.js';
import { microTimes, rawSessions, rawStates } from '../support/arbitraries.js';
import { everyInvalidSession, invalidSessions } from '../support/invalid-sessions.js';
import { decodeRawSession, type Json, rawSession, rawTarget } from '../support/raw-session.js';
import { readFixture, readLastObject, readRecordedEvents, WATCH_RECORDINGS } from '../support/recording.js';

describe('objects of a real Tilt', () => {
  it.each(WATCH_RECORDINGS)(
    'decodes, every event of %s, with each of its times to the microsecond',
    (name) => {
      for (const { object } of readRecordedEvents(name)) {
        const decoded = decodeSession(object, 'tilt-default');
        expect(decoded.id).toBe('tilt-default/Tiltfile');
        expect(timesIn(decoded)).toEqual(timesIn(object));
      }
    },
  );

  it.each(['get-200.http', 'list-200.http'])('are decoded from the response %s', (file) => {
    const [, body = ''] = readFixture(file).split(/\r?\n\r?\n/, 2);
    const answer: { kind: string; items?: Json[] } = JSON.parse(body);
    for (const object of answer.items ?? [answer]) {
      expect(decodeSession(object, 'tilt-default').metadata.name).toBe('Tiltfile');
    }
  });

  it('have null targets and no limits in the first event', () => {
    const [first] = readRecordedEvents('up');
    const { spec, status } = decodeSession(first?.object, 'tilt-default');
    expect(status.targets).toEqual([]);
    expect(spec.ci).toBeNull();
  });

  it('keep the order of their targets, each with its state', () => {
    const { targets } = decodeSession(readLastObject('ci-bad'), 'tilt-default').status;
    expect(targets.map(({ name, type, state }) => [name, type, state.is])).toEqual([
      ['db:serve', 'server', 'waiting'],
      ['lint:update', 'job', 'terminated'],
      ['tiltfile:update', 'job', 'terminated'],
      ['unit:update', 'job', 'terminated'],
    ]);
  });
});

describe('decodeSession', () => {
  it('reads every field', () => {
    expect(decodeSession(FULL, 'ci-runner')).toEqual(FULL_DECODED);
  });

  it('returns null, false or an empty list for absent fields', () => {
    const bare = {
      kind: 'Session',
      apiVersion: 'tilt.dev/v1alpha1',
      metadata: { name: 'Tiltfile' },
      spec: {},
    };
    expect(decodeSession(bare, 'a')).toEqual(BARE_DECODED);
  });

  it('treats null like an absent field', () => {
    const nulls = (...keys: string[]) => Object.fromEntries(keys.map((key) => [key, null]));
    const bare = {
      kind: 'Session',
      apiVersion: 'tilt.dev/v1alpha1',
      metadata: { ...nulls(...Object.keys(BARE_DECODED.metadata)), name: 'Tiltfile' },
      spec: nulls('tiltfilePath', 'exitCondition', 'ci'),
      status: nulls('done', 'pid', 'startTime', 'targets', 'error'),
    };
    expect(decodeSession(bare, 'a')).toEqual(BARE_DECODED);
  });

  it('treats an empty string like an absent one', () => {
    const { metadata, spec, status } = decodeRawSession({
      metadata: { namespace: '', generateName: '' },
      spec: { tiltfilePath: '', ci: { timeout: '' } },
      status: {
        error: '',
        targets: [rawTarget('a:update', { terminated: { error: '', graceStatus: '' } })],
      },
    });
    expect([metadata.namespace, metadata.generateName, spec.tiltfilePath]).toEqual([null, null, '']);
    expect(spec.ci?.timeout).toBeNull();
    expect(status.error).toBeNull();
    expect(status.targets[0]?.state).toMatchObject({ error: null, graceStatus: 'not-applicable' });
  });

  it.each(['tilt.dev/v1alpha1', 'tilt.dev/v1alpha2', 'tilt.dev/v1beta1', 'tilt.dev/v1'])(
    'takes %s',
    (version) => {
      expect(decodeSession({ ...rawSession(), apiVersion: version }, 'a').apiVersion).toBe(version);
    },
  );

  it('accepts everything that this Tilt or a newer one may send', () => {
    fc.assert(fc.property(rawSessions, (object) => void decodeSession(object, 'a')));
  });

  it('returns the same targets if only the changed ones are decoded, as long as no name changes', () => {
    const target = fc.oneof(
      { weight: 6, arbitrary: fc.record({ name: fc.constantFrom('a', 'b'), state: rawStates }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(null, { name: '' }, { name: 'b', state: { active: {}, waiting: {} } }),
      },
    );
    const decode = (targets: unknown[]) =>
      decodeSession(rawSession({ status: { targets } }), 'a').status.targets;
    const names = (targets: readonly Target[]) => targets.map(({ name }) => name);
    fc.assert(
      fc.property(
        fc.array(target, { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('0', '2'), target),
        (before, changed) => {
          const known = decode(before);
          const raw = new Map(Object.entries(changed).map(([place, value]) => [Number(place), value]));
          const after = decode(before.map((value, place) => (raw.has(place) ? raw.get(place) : value)));
          const isSameList =
            before.length > Math.max(...raw.keys()) && isDeepStrictEqual(names(known), names(after));
          expect(decodeTargetsAt(known, raw)).toEqual(isSameList ? after : null);
        },
      ),
    );
  });

  it('does not modify its input and is repeatable', () => {
    fc.assert(
      fc.property(rawSessions, (object) => {
        const before = structuredClone(object);
        const first = decodeSession(frozen(object), 'a');
        expect(decodeSession(object, 'a')).toEqual(first);
        expect(object).toEqual(before);
      }),
    );
  });

  it('returns or throws a DecodeError for any input', () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true });
    const almost = fc.record({
      kind: fc.constant('Session'),
      apiVersion: fc.constant('tilt.dev/v1alpha1'),
      metadata: fc.oneof(fc.constant({ name: 'Tiltfile' }), anything),
      spec: fc.oneof(fc.constant({}), anything),
      status: fc.oneof(
        fc.record({ targets: fc.array(fc.record({ name: fc.string(), state: anything })) }),
        anything,
      ),
    });
    fc.assert(
      fc.property(fc.oneof(anything, almost), (value) => {
        expect(outcomeOf(value)).toMatch(/^(a Session|a DecodeError)$/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('times', () => {
  it('are kept unchanged, to the nanosecond', () => {
    fc.assert(
      fc.property(microTimes, (time) => {
        expect(decodeRawSession({ status: { startTime: time } }).status.startTime).toBe(time);
      }),
    );
  });

  it.each([
    null,
    '0001-01-01T00:00:00Z',
    '0001-01-01T00:00:00.000000Z',
    '0001-01-01T00:00:00+00:00',
    '0000-12-31T19:00:00-05:00',
  ])("are null when they are Go's zero time, written %j", (startTime) => {
    expect(decodeRawSession({ status: { startTime } }).status.startTime).toBeNull();
  });

  it.each(['', 'now', '2026-11-22', '2026-02-30T00:00:00Z', 1795347708, true, {}])(
    'are not %j',
    (startTime) => {
      expect(refusalOf({ status: { startTime } })).toMatch(
        /^status\.startTime: expected an RFC 3339 time, got /,
      );
    },
  );
});

describe('numbers', () => {
  it.each([0, 1, 2 ** 53 - 1, -(2 ** 53 - 1)])('accept the int64 %d', (pid) => {
    expect(decodeRawSession({ status: { pid } }).status.pid).toBe(pid);
  });

  it('are rejected from 2^53 on instead of rounded', () => {
    const status = JSON.parse('{"pid": 9007199254740993}');
    expect(refusalOf({ status })).toBe(
      'status.pid: expected a whole number within 2^53, got 9007199254740992',
    );
  });

  it.each([-(2 ** 53), 1e300, 0.5, '12', true])('reject %j, which is not an int64', (pid) => {
    expect(refusalOf({ status: { pid } })).toMatch(
      /^status\.pid: expected a whole number within 2\^53, got /,
    );
  });
});

describe('durations', () => {
  it.each([
    '30m0s',
    '0',
    '0s',
    '1h2m3.5s',
    '-1.5h',
    '+5s',
    '.5s',
    '1.s',
    '100ns',
    '3us',
    '3µs',
    '3μs',
    '7ms',
  ])('accept %s and keep it unchanged', (timeout) => {
    expect(decodeRawSession({ spec: { ci: { timeout } } }).spec.ci?.timeout).toBe(timeout);
  });

  it.each(['30', '1d', '5 m', 'm', '-', '.s', '1h-5m', '30m0s\n', 1800, {}])('reject %j', (timeout) => {
    expect(refusalOf({ spec: { ci: { timeout } } })).toMatch(
      /^spec\.ci\.timeout: expected a duration such as 30m0s, got /,
    );
  });
});

describe('the state of a target', () => {
  const startTime = '2026-11-22T11:42:23.134561Z';
  it.each<[string, unknown, TargetState]>([
    ['inactive when empty', {}, { is: 'inactive' }],
    ['inactive when null', null, { is: 'inactive' }],
    ['inactive when absent', undefined, { is: 'inactive' }],
    ['inactive when all its members are null', { waiting: null, active: null }, { is: 'inactive' }],
    ['disabled', { disabled: {} }, { is: 'disabled' }],
    ['waiting', { waiting: { waitReason: 'on-hold' } }, { is: 'waiting', waitReason: 'on-hold' }],
    ['waiting for no reason', { waiting: {} }, { is: 'waiting', waitReason: '' }],
    [
      'active, never ready so far',
      { active: { startTime, ready: false, lastReadyTime: null } },
      { is: 'active', startTime, ready: false, lastReadyTime: null },
    ],
    [
      'active, with the others null',
      { waiting: null, active: { startTime, ready: true, lastReadyTime: startTime }, terminated: null },
      { is: 'active', startTime, ready: true, lastReadyTime: startTime },
    ],
    [
      'terminated without a finish time, as every Kubernetes runtime target',
      { terminated: { startTime, finishTime: null } },
      {
        is: 'terminated',
        startTime,
        finishTime: null,
        error: null,
        graceStatus: 'not-applicable',
        graceStatusText: '',
      },
    ],
    [
      'terminated without any time, as a failed Compose target',
      { terminated: { startTime: null, finishTime: null, error: 'exit status 1' } },
      {
        is: 'terminated',
        startTime: null,
        finishTime: null,
        error: 'exit status 1',
        graceStatus: 'not-applicable',
        graceStatusText: '',
      },
    ],
    [
      'terminated, tolerated',
      { terminated: { startTime, error: 'crash', graceStatus: 'Tolerated' } },
      {
        is: 'terminated',
        startTime,
        finishTime: null,
        error: 'crash',
        graceStatus: 'tolerated',
        graceStatusText: 'Tolerated',
      },
    ],
    [
      'terminated, no longer tolerated',
      { terminated: { startTime, error: 'crash', graceStatus: 'Exceeded' } },
      {
        is: 'terminated',
        startTime,
        finishTime: null,
        error: 'crash',
        graceStatus: 'exceeded',
        graceStatusText: 'Exceeded',
      },
    ],
    [
      'terminated, with a grace status of a newer Tilt',
      { terminated: { startTime, error: 'crash', graceStatus: 'Forgiven' } },
      {
        is: 'terminated',
        startTime,
        finishTime: null,
        error: 'crash',
        graceStatus: 'unknown',
        graceStatusText: 'Forgiven',
      },
    ],
    [
      'waiting when it is one of a newer Tilt, which the verdict must not pass over',
      { paused: { since: startTime } },
      { is: 'waiting', waitReason: 'unknown state "paused"' },
    ],
  ])('is %s', (_, state, decoded) => {
    const target = { name: 'a:serve', type: 'server', state };
    expect(decodeRawSession({ status: { targets: [target] } }).status.targets[0]?.state).toEqual(decoded);
  });

  it.each([
    [{ active: {}, waiting: {} }, '"active and waiting"'],
    [{ waiting: {}, terminated: {} }, '"waiting and terminated"'],
    [{ active: {}, disabled: {} }, '"active and disabled"'],
    [{ active: { ready: true }, paused: {} }, '"active and paused"'],
  ])('with two members populated makes the target unreadable: %j', (state, both) => {
    const targets = [rawTarget('a:update'), rawTarget('b:serve', state)];
    expect(stateAt({ status: { targets } }, 1)).toEqual({
      is: 'waiting',
      waitReason: `unreadable: status.targets[1].state: expected at most one state populated, got ${both}`,
    });
  });

  it.each(['waiting', 'active', 'terminated', 'disabled'])(
    'makes the target unreadable when %s is no object',
    (is) => {
      for (const member of [true, false, 0, 'yes', []]) {
        const targets = [rawTarget('a:serve', { [is]: member })];
        expect(stateAt({ status: { targets } }, 0)).toMatchObject({
          waitReason: expect.stringContaining(
            `unreadable: status.targets[0].state.${is}: expected an object`,
          ),
        });
      }
    },
  );
});

describe('a target that cannot be decoded', () => {
  it('is kept as waiting with the error and its readable fields, and the other targets stay', () => {
    const broken = { name: 'api:serve', type: 'server', resources: ['api'], state: { active: 7 } };
    const targets = [rawTarget('a:update'), broken, rawTarget('z:update')];
    expect(decodeRawSession({ status: { targets } }).status.targets).toMatchObject([
      { name: 'a:update' },
      {
        name: 'api:serve',
        type: 'server',
        resources: ['api'],
        state: {
          is: 'waiting',
          waitReason: 'unreadable: status.targets[1].state.active: expected an object, got 7',
        },
      },
      { name: 'z:update' },
    ]);
  });

  it.each([null, 7, 'text', [], {}, { name: '' }, { name: 7, type: 7, resources: 'x' }])(
    'is called (unnamed) when it has no name: %j',
    (target) => {
      const { targets } = decodeRawSession({
        status: { targets: [target, rawTarget('b:serve'), target] },
      }).status;
      expect(targets.map(({ name }) => name)).toEqual(['(unnamed)', 'b:serve', '(unnamed)']);
      expect(targets.map(({ key }) => key)).toEqual(['(unnamed)', 'b:serve', '(unnamed)#2']);
      expect(targets[0]?.state).toMatchObject({
        waitReason: expect.stringMatching(/^unreadable: status\.targets\[0\]/),
      });
    },
  );

  it('leads to a rejected Session if there are more than 1,000', () => {
    const invalid = (count: number) => ({ status: { targets: Array.from({ length: count }, () => ({})) } });
    expect(decodeRawSession(invalid(1_000)).status.targets).toHaveLength(1_000);
    expect(refusalOf(invalid(20_000))).toBe(
      'status.targets: expected at most 1000 unreadable targets, got 1001',
    );
    expect(refusalOf(invalid(20_001))).toBe('status.targets: expected at most 20000 targets, got 20001');
  });

  it('is not possible without a list of targets: the Session is rejected', () => {
    expect(refusalOf({ status: { targets: {} } })).toBe('status.targets: expected a list, got an object');
  });
});

describe('a list or a map with more entries than any Tilt writes', () => {
  const many = <T>(count: number, entry: T) => Array.from({ length: count }, () => entry);
  const owner = { apiVersion: 'v1', kind: 'K', name: 'n', uid: 'u' };
  const map = (count: number) => Object.fromEntries(many(count, '').map((text, index) => [index, text]));

  it.each<[field: string, max: number, create: (count: number) => unknown]>([
    ['finalizers', 1_000, (count) => many(count, '')],
    ['ownerReferences', 1_000, (count) => many(count, owner)],
    ['managedFields', 100, (count) => many(count, {})],
    ['labels', 1_000, map],
    ['annotations', 1_000, map],
  ])('leads to a rejected Session: metadata.%s of more than %d', (field, max, create) => {
    const withCount = (count: number) => ({ metadata: { [field]: create(count) } });
    expect(() => decodeRawSession(withCount(max))).not.toThrow();
    expect(refusalOf(withCount(max + 1))).toBe(
      `metadata.${field}: expected at most ${max} entries, got ${max + 1}`,
    );
  });

  it('leads to a rejected Session: more than 1,000 values in all field trees', () => {
    const trees = (...counts: number[]) => ({
      metadata: { managedFields: counts.map((count) => ({ fieldsV1: many(count, {}) })) },
    });
    expect(() => decodeRawSession(trees(499, 499))).not.toThrow();
    expect(refusalOf(trees(499, 500, 1))).toBe(
      'metadata.managedFields[1].fieldsV1: expected at most 1000 values of JSON, got a list',
    );
  });

  it('makes a target unreadable that lists more than 1,000 resources', () => {
    const target = { ...rawTarget('a:serve'), resources: many(1_001, 'a') };
    expect(stateAt({ status: { targets: [target] } }, 0)).toMatchObject({
      waitReason: 'unreadable: status.targets[0].resources: expected at most 1000 entries, got 1001',
    });
  });
});

describe('additions of a newer Tilt', () => {
  it('are omitted if they are fields', () => {
    const extra = { newer: { anything: [1, 2] } };
    const target = rawTarget('a:update', { active: { ready: true } });
    const newer = { ...target, ...extra, state: { active: { ready: true, ...extra } } };
    const plain = decodeRawSession({ status: { targets: [target] } });
    expect(
      decodeRawSession({ metadata: extra, spec: extra, status: { ...extra, targets: [newer] } }),
    ).toEqual(plain);
  });

  it('are "unknown" if they are values of an enum, and keep their text', () => {
    const state = { terminated: { error: 'x', graceStatus: 'Forgiven' } };
    const { spec, status } = decodeRawSession({
      spec: { exitCondition: 'never' },
      status: { targets: [{ ...rawTarget('a:update', state), type: 'daemon' }] },
    });
    expect(spec).toMatchObject({ exitCondition: 'unknown', exitConditionText: 'never' });
    expect(status.targets[0]).toMatchObject({
      type: 'unknown',
      typeText: 'daemon',
      state: { graceStatus: 'unknown', graceStatusText: 'Forgiven' },
    });
  });

  it.each(['constructor', '__proto__', 'toString'])(
    'is no more than unknown when it is called %s',
    (word) => {
      const state = JSON.parse(`{"terminated": {"error": "x", "graceStatus": "${word}"}}`);
      const targets = [{ ...rawTarget('a:update', state), type: word }];
      const { spec, status } = decodeRawSession({ spec: { exitCondition: word }, status: { targets } });
      expect(spec.exitCondition).toBe('unknown');
      expect(status.targets[0]).toMatchObject({ type: 'unknown', state: { graceStatus: 'unknown' } });
    },
  );
});

describe('keys that mean something to JavaScript', () => {
  const hostileMap = '{"__proto__": "a", "constructor": "b", "hasOwnProperty": "c"}';

  it('are ordinary labels and annotations, sorted by key', () => {
    const map = JSON.parse(hostileMap);
    const { labels, annotations } = decodeRawSession({
      metadata: { labels: map, annotations: map },
    }).metadata;
    expect(labels.map(({ key, value }) => `${key}=${value}`)).toEqual([
      '__proto__=a',
      'constructor=b',
      'hasOwnProperty=c',
    ]);
    expect(annotations).toEqual(labels);
  });

  it('are not known states', () => {
    const state = JSON.parse('{"__proto__": {"active": {"ready": true}}}');
    const { targets } = decodeRawSession({ status: { targets: [rawTarget('a:serve', state)] } }).status;
    expect(targets[0]?.state).toEqual({ is: 'waiting', waitReason: 'unknown state "__proto__"' });
  });

  it('do not supply missing fields', () => {
    const object = JSON.parse(`{"__proto__": ${JSON.stringify(rawSession())}}`);
    expect(messageOf(object)).toBe('kind: expected a string, got nothing');
  });

  it('do not affect other objects', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const polluting = JSON.parse(
      '{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}',
    );
    decodeRawSession({ metadata: polluting, spec: { ...polluting, ci: polluting }, status: polluting });
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect('polluted' in {}).toBe(false);
  });
});

describe('names of targets', () => {
  it('may have any order, which is kept', () => {
    const names = ['b:update', 'a:update', 'c:serve'];
    const { targets } = decodeRawSession({
      status: { targets: names.map((name) => rawTarget(name)) },
    }).status;
    expect(targets.map(({ name }) => name)).toEqual(names);
  });

  it.each([
    [
      ['a:serve', 'a:serve'],
      ['a:serve', 'a:serve#2'],
    ],
    [
      ['b:serve', 'c:serve', 'a:serve', 'b:serve', 'b:serve'],
      ['b:serve', 'c:serve', 'a:serve', 'b:serve#2', 'b:serve#3'],
    ],
    [
      ['a', 'a#2', 'a', 'a'],
      ['a', 'a#2', 'a#3', 'a#4'],
    ],
  ])('may repeat, and each target has a unique key: %j', (names, keys) => {
    const { targets } = decodeRawSession({
      status: { targets: names.map((name) => rawTarget(name)) },
    }).status;
    expect(targets.map(({ name }) => name)).toEqual(names);
    expect(targets.map(({ key }) => key)).toEqual(keys);
  });
});

describe('a DecodeError', () => {
  it('names the invalid field, whichever it is', () => {
    for (const { path, object } of everyInvalidSession(FULL)) {
      if (!path.startsWith('status.targets[')) {
        expect(errorOf(object)).toMatchObject({ name: 'DecodeError', path });
      }
    }
  });

  it('is the wait reason of the invalid target, whichever field is invalid', () => {
    for (const { path, object } of everyInvalidSession(FULL)) {
      if (path.startsWith('status.targets[')) expect(unreadableIn(object)).toEqual([path]);
    }
  });

  it('names the invalid field, whatever the other fields are', () => {
    fc.assert(
      fc.property(invalidSessions, ({ path, object }) => {
        if (path.startsWith('status.targets[')) expect(unreadableIn(object)).toEqual([path]);
        else expect(errorOf(object)).toMatchObject({ name: 'DecodeError', path });
      }),
    );
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'Session: expected an object, got nothing'],
    ['null', null, 'Session: expected an object, got null'],
    ['a list', [rawSession()], 'Session: expected an object, got a list'],
    ['a text', 'Session', 'Session: expected an object, got "Session"'],
    ['a number', 7, 'Session: expected an object, got 7'],
    ['what JSON has not', 7n, 'Session: expected an object, got a bigint'],
    ['an empty object', {}, 'kind: expected a string, got nothing'],
    ['another kind', { kind: 'UIResource' }, 'kind: expected "Session", got "UIResource"'],
    ['no version', { kind: 'Session' }, 'apiVersion: expected a string, got nothing'],
    [
      'another group',
      { ...rawSession(), apiVersion: 'example.com/v1' },
      'apiVersion: expected "tilt.dev/v1alpha1", got "example.com/v1"',
    ],
    ['no spec', { ...rawSession(), spec: undefined }, 'spec: expected an object, got nothing'],
    [
      'no name',
      rawSession({ metadata: { name: '' } }),
      'metadata.name: expected a string that is not empty, got ""',
    ],
    [
      'a name with a slash, which separates the parts of an id',
      rawSession({ metadata: { name: 'a/b' } }),
      'metadata.name: expected a name without a slash, got "a/b"',
    ],
    [
      'a flag in words',
      rawSession({ status: { done: 'yes' } }),
      'status.done: expected true or false, got "yes"',
    ],
    [
      'targets that are no list',
      rawSession({ status: { targets: {} } }),
      'status.targets: expected a list, got an object',
    ],
    [
      'a label that is not a string',
      rawSession({ metadata: { labels: { 'app.kubernetes.io/name': 7, team: 'a' } } }),
      'metadata.labels["app.kubernetes.io/name"]: expected a string, got 7',
    ],
    [
      'an owner without a uid',
      rawSession({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Tiltfile', name: 'x' }] } }),
      'metadata.ownerReferences[0].uid: expected a string, got nothing',
    ],
  ])('contains path, expectation and value in one line: %s', (_, value, message) => {
    expect(messageOf(value)).toBe(message);
  });

  it.each([
    ['huge', 'x'.repeat(10_000_000)],
    ['long', 'x'.repeat(1_000)],
    ['of many lines', 'first\nsecond\r\nthird\u2028fourth\u2029fifth\u0085sixth\vseventh'],
    ['full of controls', '\u001b[31mred\u0007\u009b0m'],
    ['cut in the middle of a character', '😀'.repeat(100)],
  ])('is one short line for a text that is %s', (_, text) => {
    const messages = [
      refusalOf({ status: { startTime: text } }),
      refusalOf({ metadata: { labels: { [text]: 7 } } }),
      waitReasonAt({ status: { targets: [rawTarget('a:serve', { [text]: {}, active: {} })] } }, 0),
    ];
    for (const message of messages) {
      expect(message).toMatch(/^[^\p{Cc}\u2028\u2029]+$/u);
      expect(message.length).toBeLessThan(300);
    }
  });

  it('keeps the value, and takes a longer path', () => {
    const error = new DecodeError('a list', 7, ['targets']).within('status').within(2).within('items');
    expect(error).toMatchObject({ path: 'items[2].status.targets', expected: 'a list', got: 7 });
    expect(error.message).toBe('items[2].status.targets: expected a list, got 7');
  });
});

function refusalOf(overrides: Parameters<typeof rawSession>[0]): string {
  return messageOf(rawSession(overrides));
}

function messageOf(value: unknown): string {
  return errorOf(value).message;
}

function errorOf(value: unknown): DecodeError {
  try {
    decodeSession(value, 'a');
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

function outcomeOf(value: unknown): string {
  try {
    decodeSession(value, 'a');
    return 'a Session';
  } catch (error) {
    return error instanceof DecodeError ? 'a DecodeError' : `${error}`;
  }
}

function timesIn(value: unknown): string[] {
  return [...JSON.stringify(value).matchAll(/"\d{4}-\d{2}-\d{2}T[^"]*"/g)].map(([time]) => time).sort();
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

const TIMES = [
  '2026-11-22T11:43:59.193775Z',
  '2026-11-22T11:44:00.214845Z',
  '2026-11-22T11:44:01.214976Z',
  '2026-11-22T11:44:02.474131Z',
];

const FULL = {
  kind: 'Session',
  apiVersion: 'tilt.dev/v1alpha1',
  metadata: {
    name: 'Tiltfile',
    generateName: 'Tilt-',
    namespace: 'shop',
    uid: '9e532662',
    resourceVersion: '83',
    generation: 2,
    creationTimestamp: '2026-11-22T11:43:57Z',
    deletionTimestamp: '2026-11-22T11:44:57Z',
    deletionGracePeriodSeconds: 30,
    labels: { team: 'a', app: 'shop' },
    annotations: { 'tilt.dev/resource': '(Tiltfile)' },
    finalizers: ['tilt.dev/last'],
    ownerReferences: [
      {
        apiVersion: 'tilt.dev/v1alpha1',
        kind: 'Tiltfile',
        name: '(Tiltfile)',
        uid: 'd2c2c5f5',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    managedFields: [
      {
        manager: 'tilt',
        operation: 'Update',
        apiVersion: 'tilt.dev/v1alpha1',
        time: '2026-11-22T11:43:57Z',
        fieldsType: 'FieldsV1',
        subresource: 'status',
        fieldsV1: { 'f:status': { 'f:pid': {} } },
      },
    ],
  },
  spec: {
    tiltfilePath: '/home/dev/shop/Tiltfile',
    exitCondition: 'ci',
    ci: { k8sGracePeriod: '10s', timeout: '30m0s', readinessTimeout: '5m0s' },
  },
  status: {
    done: true,
    pid: 23981,
    startTime: '2026-11-22T11:43:57.440048Z',
    targets: [
      { name: 'db:serve', type: 'server', resources: ['db', 'cache'], state: { disabled: {} } },
      { name: 'api:serve', type: 'server', resources: [], state: { waiting: { waitReason: 'on-hold' } } },
      {
        name: 'api:update',
        type: 'job',
        resources: ['api'],
        state: { active: { startTime: TIMES[0], ready: true, lastReadyTime: TIMES[1] } },
      },
      {
        name: 'e2e:update',
        type: 'job',
        resources: ['e2e'],
        state: {
          terminated: { startTime: TIMES[2], finishTime: TIMES[3], error: 'exit 1', graceStatus: 'Exceeded' },
        },
      },
    ],
    error: 'Timeout after 30m0s',
  },
};

const FULL_DECODED = {
  ...FULL,
  id: 'ci-runner/Tiltfile',
  instance: 'ci-runner',
  metadata: {
    ...FULL.metadata,
    labels: [
      { key: 'app', value: 'shop' },
      { key: 'team', value: 'a' },
    ],
    annotations: [{ key: 'tilt.dev/resource', value: '(Tiltfile)' }],
  },
  spec: { ...FULL.spec, exitConditionText: 'ci' },
  status: {
    ...FULL.status,
    targets: [
      {
        name: 'db:serve',
        key: 'db:serve',
        type: 'server',
        typeText: 'server',
        resources: ['db', 'cache'],
        state: { is: 'disabled' },
      },
      {
        name: 'api:serve',
        key: 'api:serve',
        type: 'server',
        typeText: 'server',
        resources: [],
        state: { is: 'waiting', waitReason: 'on-hold' },
      },
      {
        name: 'api:update',
        key: 'api:update',
        type: 'job',
        typeText: 'job',
        resources: ['api'],
        state: { is: 'active', startTime: TIMES[0], ready: true, lastReadyTime: TIMES[1] },
      },
      {
        name: 'e2e:update',
        key: 'e2e:update',
        type: 'job',
        typeText: 'job',
        resources: ['e2e'],
        state: {
          is: 'terminated',
          startTime: TIMES[2],
          finishTime: TIMES[3],
          error: 'exit 1',
          graceStatus: 'exceeded',
          graceStatusText: 'Exceeded',
        },
      },
    ],
  },
};

const BARE_DECODED = {
  id: 'a/Tiltfile',
  instance: 'a',
  kind: 'Session',
  apiVersion: 'tilt.dev/v1alpha1',
  metadata: {
    name: 'Tiltfile',
    generateName: null,
    namespace: null,
    uid: null,
    resourceVersion: null,
    generation: null,
    creationTimestamp: null,
    deletionTimestamp: null,
    deletionGracePeriodSeconds: null,
    labels: [],
    annotations: [],
    finalizers: [],
    ownerReferences: [],
    managedFields: [],
  },
  spec: { tiltfilePath: '', exitCondition: 'unknown', exitConditionText: '', ci: null },
  status: { done: false, pid: null, startTime: null, targets: [], error: null },
};

/** The state of one target of a Session with these fields. */
function stateAt(fields: Json, index: number): TargetState | undefined {
  return decodeRawSession(fields).status.targets[index]?.state;
}

function waitReasonAt(fields: Json, index: number): string {
  const state = stateAt(fields, index);
  return state?.is === 'waiting' ? state.waitReason : '';
}

/** The paths of the errors in the wait reasons of a Session's targets. */
function unreadableIn(object: unknown): (string | undefined)[] {
  return decodeSession(object, 'a').status.targets.flatMap(({ state }) =>
    state.is === 'waiting' && state.waitReason.startsWith('unreadable: ')
      ? [/^unreadable: (.*): expected /s.exec(state.waitReason)?.[1]]
      : [],
  );
}
