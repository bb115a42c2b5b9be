import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeWaits, explain } from '../../src/model/explanation.js';
import type { Session } from '../../src/model/session.js';
import { computeVerdict } from '../../src/model/verdict.js';
import { type ResourceOptions, withFacts } from '../support/facts.js';
import { session, type TargetStates } from '../support/sessions.js';
import { explainSimply, tangledSessions } from '../support/simple-explanation.js';

function explained(targets: TargetStates, resources: Readonly<Record<string, ResourceOptions>>) {
  const of: Session = withFacts(session('a', targets), resources);
  const explanation = explain(of);
  const find = (name: string) => {
    const target = of.status.targets.find((candidate) => candidate.name === name);
    if (!target) throw new Error(`no target ${name}`);
    return target;
  };
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name);
  return {
    blockedBy: (name: string) => names(explanation.blockedBy(find(name))),
    /** Names of the targets from this one to the root of its wait; empty if there is none. */
    chain(name: string) {
      const path = [];
      for (let at = explanation.nextToCause(find(name)); at !== null; at = explanation.nextToCause(at))
        path.push(at);
      expect(path.at(-1) ?? null).toBe(explanation.rootCause(find(name)));
      return path.length === 0 ? [] : [name, ...names(path)];
    },
    describe: (name: string) => describeWaits(explanation, [find(name)], 1).texts.join(),
    reason: computeVerdict(of, 'live').reason,
  };
}

describe('explain', () => {
  it('a waiting target is blocked by the unfinished targets of the resources that its resource waits for', () => {
    const { blockedBy } = explained(
      { 'api:update': 'succeeded', 'api:serve': 'running', 'web:serve': 'waiting' },
      { web: { on: ['api'] } },
    );
    expect(blockedBy('web:serve')).toEqual(['api:serve']);
    expect(blockedBy('api:serve')).toEqual([]);
  });

  it('the blockers are named even if all of them have finished, because the facts may be older than the Session', () => {
    const { blockedBy } = explained(
      { 'api:serve': 'ready', 'web:serve': 'waiting' },
      { web: { on: ['api'] } },
    );
    expect(blockedBy('web:serve')).toEqual(['api:serve']);
  });

  it('a target that does not wait, is unknown to the facts or waits for a missing resource is not blocked', () => {
    const { blockedBy, chain } = explained(
      { 'api:serve': 'running', 'db:serve': 'waiting', 'web:serve': 'waiting' },
      { api: { on: ['db'] }, web: { on: ['deleted'] } },
    );
    expect([blockedBy('api:serve'), blockedBy('db:serve'), blockedBy('web:serve')]).toEqual([[], [], []]);
    expect(chain('web:serve')).toEqual([]);
  });

  it('a chain ends at the target that failed, and a failed cause comes before one that runs', () => {
    const { chain } = explained(
      { 'db:update': 'failed', 'api:serve': 'waiting', 'slow:update': 'running', 'web:serve': 'waiting' },
      { api: { on: ['db'] }, web: { on: ['slow', 'api'] } },
    );
    expect(chain('web:serve')).toEqual(['web:serve', 'api:serve', 'db:update']);
  });

  it.each([
    ['of two resources', { a: { on: ['b'] }, b: { on: ['a'] } }],
    ['of a resource that waits for itself', { a: { on: ['a'] }, b: { on: ['a', 'b'] } }],
  ])('a cycle %s has no root cause and no end', (_, resources) => {
    const { chain } = explained({ 'a:serve': 'waiting', 'b:serve': 'waiting' }, resources);
    expect(chain('a:serve')).not.toContain('c:serve');
    expect(chain('a:serve').length).toBeLessThanOrEqual(2);
  });

  it('a cycle with a way out leads to the cause outside of it', () => {
    const { chain } = explained(
      { 'a:serve': 'waiting', 'b:serve': 'waiting', 'c:update': 'running' },
      { a: { on: ['b'] }, b: { on: ['a', 'c'] } },
    );
    expect(chain('a:serve')).toEqual(['a:serve', 'b:serve', 'c:update']);
  });

  it('a chain of 5,000 targets is followed to its end', () => {
    const count = 5_000;
    const name = (index: number) => `r${String(index).padStart(5, '0')}`;
    const targets = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `${name(index)}:update`,
        index === count - 1 ? ('failed' as const) : ('waiting' as const),
      ]),
    );
    const resources = Object.fromEntries(
      Array.from({ length: count - 1 }, (_, index) => [name(index), { on: [name(index + 1)] }]),
    );
    expect(explained(targets, resources).chain(`${name(0)}:update`)).toHaveLength(count);
  });

  it('5,000 targets that wait for 5,000 others share one list of blockers', () => {
    const one = session('a', { 'r:serve': 'running', 'w:serve': 'waiting' });
    const targets = one.status.targets.flatMap((target) =>
      Array.from({ length: 5_000 }, (_, index) => ({ ...target, name: `${target.name}${index}` })),
    );
    const of = withFacts({ ...one, status: { ...one.status, targets } }, { w: { on: ['r'] } });
    const { blockedBy, rootCause } = explain(of);
    const waiting = targets.filter(({ resources }) => resources.includes('w'));
    expect(computeVerdict(of, 'live').reason).toMatch(/^w waits for r \(not ready\); not ready: r:serve0, /);
    expect(new Set(waiting.map(blockedBy)).size).toBe(1);
    expect(waiting.map(blockedBy)[0]).toHaveLength(5_000);
    expect(new Set(waiting.map(rootCause))).toEqual(
      new Set([targets.find(({ name }) => name === 'r:serve0')]),
    );
  });

  it('finds the same blockers and causes as a search through a list for each target', () => {
    fc.assert(
      fc.property(tangledSessions, (of) => {
        const [found, simple] = [explain(of), explainSimply(of)];
        for (const target of of.status.targets) {
          expect(found.blockedBy(target)).toEqual(simple.blockedBy(target));
          const steps = [found.nextToCause(target), found.rootCause(target)];
          expect(steps.map((step) => step?.name)).toEqual(simple.stepsOf(target).map((step) => step?.name));
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('describeWaits', () => {
  it('names the resource at the root and its state', () => {
    const { describe: describeOf } = explained(
      {
        'api:serve': 'running',
        'web:serve': 'waiting',
        'e2e:update': 'waiting',
        'late:update': 'waiting',
        'broken:update': 'failed',
        'gen:update': 'inactive',
        'use:update': 'waiting',
      },
      { web: { on: ['api'] }, e2e: { on: ['web', 'api'] }, late: { on: ['broken'] }, use: { on: ['gen'] } },
    );
    expect(describeOf('e2e:update')).toBe('e2e waits for api (not ready)');
    expect(describeOf('late:update')).toBe('late waits for broken (failed: exit status 1)');
    expect(describeOf('use:update')).toBe('use waits for gen (was never triggered)');
    expect(describeOf('api:serve')).toBe('');
  });

  it('names another object that a resource waits for', () => {
    const cluster = [{ kind: 'Cluster', name: 'default' }];
    expect(
      explained({ 'web:update': 'waiting' }, { web: { waitingOn: cluster } }).describe('web:update'),
    ).toBe('web waits for Cluster/default');
  });

  it('the reason of a pending verdict reads a cause as often for 500 waiting targets as for 20', () => {
    const readsOf = (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `w${index}`);
      const states = Object.fromEntries(names.map((name) => [`${name}:update`, 'waiting' as const]));
      const one = session('a', { ...states, 'r:serve': 'retrying' });
      let reads = 0;
      const targets = one.status.targets.map((target) => {
        if (target.name !== 'r:serve') return target;
        const read = () => {
          reads += 1;
          return target.resources;
        };
        return Object.defineProperty({ ...target }, 'resources', { get: read });
      });
      const resources = Object.fromEntries(names.map((name) => [name, { on: ['r'] }]));
      const of = withFacts({ ...one, status: { ...one.status, targets } }, resources);
      const { reason } = computeVerdict(of, 'live');
      expect(reason).toMatch(/^w0 waits for r \(retrying: exit status 1\); w1\d* waits for r /);
      expect(reason).toContain(` and ${count - 10} more; `);
      return reads;
    };
    expect(readsOf(500)).toBe(readsOf(20));
  });

  it('the reason of a pending verdict names targets of one resource with one cause once', () => {
    const { reason } = explained(
      { 'api:serve': 'running', 'db:update': 'running', 'web:serve': 'waiting', 'web:update': 'waiting' },
      { web: { on: ['api', 'db'] } },
    );
    expect(reason).toBe('web waits for api (not ready); not ready: api:serve, db:update');
  });

  it('the reason of a pending verdict names blockers with their causes, and lists the others as before', () => {
    const { reason } = explained(
      { 'api:serve': 'running', 'web:serve': 'waiting', 'web:update': 'waiting', 'x:update': 'waiting' },
      { web: { on: ['api'] } },
    );
    expect(reason).toBe('waiting: x:update; web waits for api (not ready); not ready: api:serve');
  });
});
