import { describe, expect, it } from 'vitest';
import { blockersOf } from '../../src/client/client.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startMemoryGateway } from '../support/gateway.js';
import { readIterator } from '../support/iterator-reader.js';
import { session } from '../support/sessions.js';
import { targetFields } from '../support/target-fields.js';

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
