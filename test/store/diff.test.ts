import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import type { Target, TargetState } from '../../src/model/session.js';
import { diffTargets } from '../../src/store/diff.js';
import { sessionJson } from '../support/session-json.js';

const target = (name: string, state: TargetState = { is: 'inactive' }): Target => ({
  name,
  key: name,
  type: 'job',
  typeText: 'job',
  resources: ['shop'],
  state,
});
const waiting = (waitReason: string): TargetState => ({ is: 'waiting', waitReason });

describe('diffTargets', () => {
  it('returns deleted targets first, then added and modified ones', () => {
    const before = [target('a'), target('b'), target('c')];
    const after = [target('a'), target('c', waiting('for b')), target('d')];
    expect(diffTargets(before, after)).toEqual([
      { type: 'deleted', target: before[1], previous: before[1] },
      { type: 'modified', target: after[1], previous: before[2] },
      { type: 'added', target: after[2], previous: null },
    ]);
  });

  it('returns no change for an equal target that is another object at another index', () => {
    expect(diffTargets([target('a'), target('b')], [target('b'), target('a')])).toEqual([]);
  });

  it.each<[string, TargetState, TargetState]>([
    ['wait reason', waiting('x'), waiting('y')],
    ['kind of state', { is: 'inactive' }, { is: 'disabled' }],
    ['readiness', active({ ready: false }), active({ ready: true })],
    ['start', active({ startTime: null }), active({})],
    ['last readiness', active({}), active({ lastReadyTime: '2026-11-22T11:00:01Z' })],
    ['error', terminated({}), terminated({ error: 'boom' })],
    ['grace', terminated({}), terminated({ graceStatus: 'tolerated', graceStatusText: 'Tolerated' })],
    ['finish', terminated({}), terminated({ finishTime: null })],
    ['start of what ended', terminated({}), terminated({ startTime: null })],
  ])('returns a change of the %s', (_, from, to) => {
    expect(diffTargets([target('a', from)], [target('a', to)])).toHaveLength(1);
    expect(diffTargets([target('a', from)], [target('a', { ...from })])).toEqual([]);
  });

  it('returns a change of type and of resources', () => {
    const a = target('a');
    expect(diffTargets([a], [{ ...a, type: 'server', typeText: 'server' }])).toHaveLength(1);
    expect(diffTargets([a], [{ ...a, resources: ['shop', 'other'] }])).toHaveLength(1);
    expect(diffTargets([a], [{ ...a, resources: ['other'] }])).toHaveLength(1);
  });

  it('leads from any list to any other when its changes are applied, repeated names included', () => {
    const lists = fc.array(
      fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), reason: fc.constantFrom('x', 'y') }),
    );
    const build = (list: { name: string; reason: string }[]) => {
      const targets = list.map(({ name, reason }) => ({ name, state: { waiting: { waitReason: reason } } }));
      return decodeSession(sessionJson({ targets }), 'a').status.targets;
    };
    fc.assert(
      fc.property(lists, lists, (from, to) => {
        const held = new Map(build(from).map((item) => [item.key, item]));
        for (const change of diffTargets(build(from), build(to))) {
          if (change.type === 'deleted') held.delete(change.target.key);
          else held.set(change.target.key, change.target);
        }
        expect(held).toEqual(new Map(build(to).map((item) => [item.key, item])));
      }),
    );
  });
});

function active(overrides: object): TargetState {
  return { is: 'active', startTime: '2026-11-22T11:00:00Z', ready: true, lastReadyTime: null, ...overrides };
}

function terminated(overrides: object): TargetState {
  return {
    is: 'terminated',
    startTime: '2026-11-22T11:00:00Z',
    finishTime: '2026-11-22T11:00:02Z',
    error: null,
    graceStatus: 'not-applicable',
    graceStatusText: '',
    ...overrides,
  };
}
