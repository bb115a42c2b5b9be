import { describe, expect, it } from 'vitest';
import { createBlockerRecorder, listBlockers } from '../../../src/dashboard/model/blockers.js';
import { state, target } from '../../support/dashboard-data.js';

const names = (...all: string[]) => all.map((name) => ({ name }));
const resourceOf = (key: string) => (key.includes(':') ? key.replace(/:.*/, '') : undefined);
const link = (key: string, label: string) => ({ key, label });

describe('the blockers of a target', () => {
  it('a blocker is named by its resource, once, and links to its first target', () => {
    expect(
      listBlockers({ blockedBy: names('api:serve', 'api:update', 'gone'), rootCause: null }, resourceOf),
    ).toEqual({
      links: [link('api:serve', 'api'), link('gone', 'gone')],
      more: 0,
      cause: null,
      isDirect: false,
    });
  });

  it('a root cause that blocks directly is the first link', () => {
    const blockers = listBlockers(
      { blockedBy: names('api:serve', 'db:update'), rootCause: { name: 'db:update' } },
      resourceOf,
    );
    expect(blockers?.isDirect).toBe(true);
    expect(blockers?.links).toEqual([link('db:update', 'db'), link('api:serve', 'api')]);
  });

  it('a root cause behind other targets stands apart, and at most three blockers are listed', () => {
    const blockers = listBlockers(
      { blockedBy: names('a:x', 'b:x', 'c:x', 'd:x', 'e:x'), rootCause: { name: 'db:update' } },
      resourceOf,
    );
    expect(blockers).toMatchObject({ more: 2, cause: link('db:update', 'db'), isDirect: false });
    expect(blockers?.links.map(({ label }) => label)).toEqual(['a', 'b', 'c']);
  });

  it('a target without known blockers has none', () => {
    expect(listBlockers({ blockedBy: [], rootCause: null }, resourceOf)).toBeNull();
  });
});

const waits = (...blockers: string[]) => ({
  ...target('e2e:update', [0, state.waiting()]),
  blockedBy: names(...blockers),
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
