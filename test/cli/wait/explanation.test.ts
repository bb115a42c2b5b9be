import { describe, expect, it } from 'vitest';
import { describeTarget, formatHelp, formatTriggers } from '../../../src/cli/wait/explanation.js';
import { resourceFields } from '../../support/resource-fields.js';
import { blockedBy, sessionFields, targetFields, verdictFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

const RUNNING = targetFields('api:serve', 'RUNNING');
const WAITING = targetFields('web:update', 'WAITING', blockedBy('api:serve'));

describe('explanation of a wait', () => {
  it('a chain names each resource up to the root cause', () => {
    const broken = targetFields('broken:update', 'FAILED', { error: 'Command "x" failed: exit status 4' });
    const mid = targetFields('mid:update', 'WAITING', blockedBy('broken:update'));
    const top = targetFields('top:update', 'WAITING', blockedBy('mid:update', 'broken:update'));
    expect(describeTarget(top, waitReport('timeout', [broken, mid, top]))).toBe(
      'top waits for mid, mid waits for broken, broken failed: exit status 4',
    );
  });

  it.each([
    ['RUNNING', 'x is not ready'],
    ['RETRYING', 'x is retrying: exit status 1'],
    ['UNTRIGGERED', 'x waits for a trigger'],
    ['INACTIVE', 'x was never triggered'],
    ['DISABLED', 'x is disabled'],
  ] as const)('a chain ends with what a root cause in the phase %s does', (phase, text) => {
    const targets = [
      targetFields('x:serve', phase),
      targetFields('y:update', 'WAITING', blockedBy('x:serve')),
    ];
    const [, waiting = WAITING] = targets;
    expect(describeTarget(waiting, waitReport('timeout', targets))).toBe(`y waits for x, ${text}`);
  });

  it('a long chain is printed without its middle', () => {
    const last = 20;
    const targets = Array.from({ length: last + 1 }, (_, index) =>
      index === last
        ? targetFields(`t${index}:update`, 'RUNNING')
        : targetFields(`t${index}:update`, 'WAITING', blockedBy(`t${index + 1}:update`, `t${last}:update`)),
    );
    const [first = WAITING] = targets;
    expect(describeTarget(first, waitReport('timeout', targets))).toBe(
      't0 waits for t1, t1 waits for t2, t2 waits for t3, …, t17 waits for t18, t18 waits for t19, t19 waits for t20, t20 is running',
    );
  });

  it('targets that wait for each other have no root cause and are described by their blockers', () => {
    const a = targetFields('a:update', 'WAITING', { blockedBy: [{ name: 'b:update' }], rootCause: null });
    const b = targetFields('b:update', 'WAITING', { blockedBy: [{ name: 'a:update' }], rootCause: null });
    expect(describeTarget(a, waitReport('timeout', [a, b]))).toBe('a waits for b');
  });

  it('a target that waits for the cluster is described by it', () => {
    const target = targetFields('pod:runtime', 'WAITING');
    const resource = resourceFields('pod', { waitingOn: [{ kind: 'Cluster', name: 'default' }] });
    const report = waitReport('timeout', [target], { resources: [resource] });
    expect(describeTarget(target, report)).toBe('pod waits for Cluster/default');
  });

  it('help for a resource without a page in Tilt has its endpoint, and a command without a port', () => {
    const links = [{ url: 'http://localhost:8080', name: null }];
    const resources = [resourceFields('api', { tiltUrl: null, links })];
    expect(formatHelp(waitReport('timeout', [RUNNING, WAITING], { resources }))).toEqual([
      'log of api: tilt logs api',
      'endpoint of api: http://localhost:8080',
    ]);
  });

  it('help for a root cause that was never triggered is the command that triggers it', () => {
    const targets = [targetFields('api:serve', 'INACTIVE'), WAITING];
    expect(formatHelp(waitReport('timeout', targets))).toEqual(['start api: tilt trigger api']);
  });

  it('there are no commands for the demo, which has no Tilt', () => {
    const targets = [RUNNING, targetFields('lint:update', 'UNTRIGGERED')];
    const report = waitReport('timeout', targets, { session: sessionFields(targets, { isDemo: true }) });
    expect(formatHelp(report)).toEqual([]);
    expect(formatTriggers(report)).toBe('waiting for a trigger: lint');
  });

  it('nothing waits for a trigger once tilt ci has exited', () => {
    const targets = [targetFields('lint:update', 'UNTRIGGERED')];
    const verdict = { ...verdictFields('PASSED'), final: true };
    const session = sessionFields(targets, { verdict });
    expect(formatTriggers(waitReport('reached', targets, { session }))).toBeNull();
  });

  it('commands quote the names of resources for a shell', () => {
    const targets = [targetFields('x', 'RUNNING', { resources: ["a'; reboot"] })];
    expect(formatHelp(waitReport('timeout', targets))).toEqual([
      String.raw`log of a'; reboot: tilt logs 'a'\''; reboot'`,
    ]);
  });
});
