import { describe, expect, it } from 'vitest';
import type { TargetFields } from '../../src/client/client.js';
import {
  describeBlockers,
  describeCause,
  findCaused,
  findChain,
  findWaiting,
} from '../../src/client/waits.js';
import { targetFields } from '../support/target-fields.js';

function waiting(name: string, cause: string | null, ...blockers: readonly string[]): TargetFields {
  return targetFields(name, 'WAITING', {
    blockedBy: blockers.map((blocker) => ({ name: blocker })),
    rootCause: cause === null ? null : { name: cause },
  });
}

function byName(...targets: readonly TargetFields[]): ReadonlyMap<string, TargetFields> {
  return new Map(targets.map((target) => [target.name, target]));
}

const DB = targetFields('db:serve', 'RUNNING');
const API = waiting('api:serve', 'db:serve', 'db:serve');
const WEB = waiting('web:serve', 'db:serve', 'api:serve');
const E2E = waiting('e2e:update', 'db:serve', 'web:serve', 'api:serve');
const ALL = byName(API, DB, E2E, WEB);

describe('waits of targets', () => {
  it('a chain is the shortest way from a target to its root cause', () => {
    expect(findChain(E2E, ALL).map(({ name }) => name)).toEqual(['e2e:update', 'api:serve', 'db:serve']);
    expect(findChain(WEB, ALL).map(({ target }) => target)).toEqual([WEB, API, DB]);
    expect(findChain(DB, ALL)).toEqual([]);
  });

  it('a chain without the targets in between has its two ends', () => {
    expect(findChain(WEB, byName(WEB))).toEqual([
      { name: 'web:serve', target: WEB },
      { name: 'db:serve', target: null },
    ]);
  });

  it('targets that block each other have no chain', () => {
    const a = waiting('a:serve', null, 'b:serve');
    const b = waiting('b:serve', null, 'a:serve');
    expect(findChain(a, byName(a, b))).toEqual([]);
    expect(describeBlockers(a, byName(a, b))).toBe('waits for b');
  });

  it('the description of blockers names only those between a target and its root cause as the way to it', () => {
    const assets = { ...waiting('assets:update', null), phase: 'FAILED' as const };
    const worker = { ...waiting('worker:runtime', null), phase: 'RUNNING' as const };
    const web = waiting('web:runtime', 'assets:update', 'assets:update');
    const e2e = waiting('e2e:update', 'assets:update', 'worker:runtime', 'web:runtime');
    expect(describeBlockers(e2e, byName(assets, worker, web, e2e))).toBe(
      'waits for assets (failed) through web, and for worker',
    );
  });

  it('the description of blockers starts with the root cause and its state', () => {
    expect([API, WEB, E2E, DB].map((target) => describeBlockers(target, ALL))).toEqual([
      'waits for db (not ready)',
      'waits for db (not ready) through api',
      'waits for db (not ready) through web, api',
      null,
    ]);
    const many = waiting('x:update', 'db:serve', 'db:serve', 'a:1', 'b:1', 'c:1', 'd:1', 'e:1');
    expect(describeBlockers(many, ALL)).toBe('waits for db (not ready), a:1, b:1, c:1 and 2 more');
  });

  it('descriptions are one line without terminal sequences', () => {
    const name = 'a\n\u001b[31mb:serve';
    const odd = targetFields(name, 'FAILED', { resources: ['a\n\u001b[31mb'], error: 'one\rtwo' });
    expect(describeCause(name, byName(odd))).toBe('a b (failed: one)');
    expect(describeCause(name, byName())).toBe('a b:serve');
  });

  it('the targets that wait for a target do so directly or through others', () => {
    expect(findWaiting('db:serve', ALL)).toEqual(['api:serve', 'e2e:update', 'web:serve']);
    expect(findWaiting('api:serve', ALL)).toEqual(['e2e:update', 'web:serve']);
    expect(findWaiting('e2e:update', ALL)).toEqual([]);
    expect(findWaiting('db:serve', byName(DB, WEB))).toEqual(['web:serve']);
  });

  it('a target is the root cause only of targets whose wait it started', () => {
    expect(findCaused('db:serve', ALL)).toEqual(['api:serve', 'e2e:update', 'web:serve']);
    expect(findCaused('api:serve', ALL)).toEqual([]);
  });

  it('targets that wait for each other are found once', () => {
    const a = waiting('a:serve', null, 'b:serve');
    const b = waiting('b:serve', null, 'a:serve');
    expect(findWaiting('a:serve', byName(a, b))).toEqual(['b:serve']);
  });

  it.each<[TargetFields['phase'], string, string]>([
    ['RUNNING', 'a:serve', 'not ready'],
    ['RUNNING', 'a:update', 'running'],
    ['WAITING', 'a:serve', 'not ready'],
    ['WAITING', 'a:update', 'not started'],
    ['UNTRIGGERED', 'a:update', 'waits for a trigger'],
    ['INACTIVE', 'a:update', 'was never triggered'],
    ['DISABLED', 'a:update', 'disabled'],
    ['FAILED', 'a:update', 'failed: exit status 1'],
    ['RETRYING', 'a:update', 'retrying: exit status 1'],
  ])('a cause in phase %s of %s is described as %s', (phase, name, expected) => {
    expect(describeCause(name, byName(targetFields(name, phase)))).toBe(`a (${expected})`);
  });
});
