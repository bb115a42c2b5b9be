import { describe, expect, it } from 'vitest';
import { createBlockerRecorder } from '../../../src/dashboard/model/recorded-blockers.js';
import { state, target } from '../../support/dashboard-data.js';

const waits = (...names: string[]) => ({
  ...target('e2e:update', [0, state.waiting()]),
  blockedBy: names.map((name) => ({ name })),
});
const runs = target('e2e:update', [1, state.running(1)]);

describe('recorded blockers', () => {
  it('a wait has all blockers that were seen, and they stay when the target runs', () => {
    const { blockers, record } = createBlockerRecorder();
    const [first, second] = [waits('api:serve', 'web:serve'), waits('web:serve')];
    record('e2e:update', undefined, first);
    record('e2e:update', first, second);
    record('e2e:update', second, runs);
    expect([...(blockers.get('e2e:update') ?? [])]).toEqual(['api:serve', 'web:serve']);
  });

  it('a new wait replaces the last one, and another run of Tilt forgets all', () => {
    const recorder = createBlockerRecorder();
    recorder.record('e2e:update', undefined, waits('api:serve'));
    recorder.record('e2e:update', runs, waits('db:serve'));
    expect([...(recorder.blockers.get('e2e:update') ?? [])]).toEqual(['db:serve']);
    recorder.clear();
    expect(recorder.blockers.size).toBe(0);
  });
});
