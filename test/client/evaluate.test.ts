import { describe, expect, it } from 'vitest';
import { blockersOf } from '../../src/client/client.js';
import { evaluate } from '../../src/client/evaluate.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { session } from '../support/sessions.js';
import {
  blockedBy,
  createTargetsView,
  sessionFields,
  targetFields,
  verdictFields,
} from '../support/target-fields.js';

describe('evaluate', () => {
  const lint = targetFields('lint:update', 'UNTRIGGERED');

  it('a Session passes although a target waits for a trigger, and the reason names it', () => {
    const verdict = { ...verdictFields('PASSED'), untriggered: [{ name: 'lint:update' }] };
    const targets = [targetFields('api:serve', 'READY'), lint];
    const view = createTargetsView(targets, { session: sessionFields(targets, { verdict }) });
    expect(evaluate(view, 'ready')).toEqual({
      status: 'reached',
      reason: 'tilt-default/Tiltfile passed: 1 ready; waiting for a trigger: lint:update',
    });
  });

  it('the phase UNTRIGGERED is reached while Tilt runs, and unknown once it has exited', () => {
    const condition = { target: 'lint:update', phase: 'UNTRIGGERED' } as const;
    expect(evaluate(createTargetsView([lint]), condition).status).toBe('reached');
    const verdict = { ...verdictFields('PASSED'), final: true };
    const connection = { state: 'GONE', since: '2026-11-22T11:00:05Z', error: null } as const;
    const session = sessionFields([lint], { verdict, connection });
    expect(evaluate(createTargetsView([lint], { session }), condition).status).toBe('unknown');
  });

  it('a cluster that cannot be reached is the first reason of a failure', () => {
    const targets = [targetFields('x:update', 'FAILED')];
    const session = sessionFields(targets, {
      cluster: { error: 'dial tcp: refused' },
      verdict: verdictFields('FAILED', 'cluster connection failed: dial tcp: refused'),
    });
    expect(evaluate(createTargetsView(targets, { session }), 'ready')).toEqual({
      status: 'failed',
      reason: 'tilt-default/Tiltfile failed: cluster connection failed: dial tcp: refused; x:update: failed',
    });
  });

  it('the reason of a target that is not in its phase names what it waits for', () => {
    const targets = [
      targetFields('api:serve', 'RUNNING'),
      targetFields('web:update', 'WAITING', blockedBy('api:serve')),
    ];
    const condition = { target: 'web:update', phase: 'SUCCEEDED' } as const;
    expect(evaluate(createTargetsView(targets), condition)).toEqual({
      status: 'open',
      reason: 'web:update is WAITING, not SUCCEEDED: waits for api (not ready)',
    });
  });
});

describe('blockersOf', () => {
  it('blockersOf lists the blocking targets with reason and start of the phase, failed ones first', async () => {
    await using gateway = await startMemoryGateway([
      session('a', {
        a: 'waiting',
        b: 'running',
        c: 'retrying',
        d: 'failed',
        e: 'ready',
        f: 'inactive',
        g: 'disabled',
        h: 'succeeded',
      }),
    ]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    const blockers = blockersOf(await views.next());
    expect(blockers.map(({ why, target }) => `${target.phase} ${why}`)).toEqual([
      'FAILED d: failed after 2.3 s: exit status 1',
      'RETRYING c: failed after 2.3 s (tolerated for now): exit status 1',
      'RUNNING b: running',
      'WAITING a: waiting: on-dep',
    ]);
    expect(blockers.slice(0, 3).map(({ since }) => since)).toEqual([
      '2026-11-22T11:00:02.250002Z',
      '2026-11-22T11:00:02.250002Z',
      '2026-11-22T11:00:00.000001Z',
    ]);
    // Tilt does not report when a target started to wait; the gateway does.
    expect(blockers[3]?.since).toMatch(/^20\d\d-/);
  });

  it('blockersOf reports the start of the phase when no history was requested', async () => {
    await using gateway = await startMemoryGateway([session('a', { a: 'waiting' })]);
    await using client = openDisposableClient({ url: gateway.url });
    await using views = readIterator(client.watchTargets());
    const view = await views.next();
    expect(blockersOf(view)[0]?.since).toBe(view.targets.get('a')?.since);
    expect(view.targets.get('a')?.since).toMatch(/^20\d\d-/);
  });

  it('blockersOf names what a waiting target waits for', () => {
    const api = targetFields('api:serve', 'RUNNING');
    const web = targetFields('web:update', 'WAITING', blockedBy('api:serve'));
    const targets = new Map([api, web].map((target) => [target.name, target]));
    expect(blockersOf({ targets })[1]?.why).toBe('web:update: waits for api (not ready)');
  });

  it('blockersOf reduces a multi-line error to its headline without terminal sequences', () => {
    const traceback =
      'Traceback (most recent call last):\n  /shop/Tiltfile:1:5: in <toplevel>\nError: \u001b[31mnope\u001b[0m';
    const state = {
      __typename: 'TargetStateTerminated',
      startTime: null,
      finishTime: null,
      error: traceback,
      graceStatus: 'NOT_APPLICABLE',
      graceStatusText: '',
      summary: `failed after 0.1 s: ${traceback}`,
    } as const;
    const target = targetFields('tiltfile:update', 'FAILED', { state });
    const [blocker] = blockersOf({ targets: new Map([[target.name, target]]) });
    expect(blocker?.why).toBe('tiltfile:update: failed after 0.1 s: Error: nope');
  });
});
