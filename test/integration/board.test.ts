import { signal } from '@preact/signals';
import { expect, it } from 'vitest';
import { createBoard } from '../../src/dashboard/state/board.js';
import type { FrameScheduler } from '../../src/dashboard/state/frames.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway } from '../support/gateway.js';
import { session, type TargetStates } from '../support/sessions.js';

/** Runs each task at once. */
const frames: FrameScheduler = { schedule: (_, task) => task() };

function createTargets(count: number, first: TargetStates[string]): TargetStates {
  const others = Array.from({ length: count - 1 }, (_, n) => [`target-${n + 1}`, 'ready'] as const);
  return { 'target-0': first, ...Object.fromEntries(others) };
}

it('a Session whose watch has ended shows the error until it is opened again, not its last state as current', async () => {
  const source = createMemoryProvider('a', [session('a', createTargets(5, 'ready'))]);
  await using gateway = await startGateway({ providers: [source.provider], limits: { complexity: 2_000 } });
  await gateway.gateway.ready();
  await using client = openDisposableClient({ url: gateway.url });
  const selected = signal<string | null>('a/Tiltfile');
  const board = createBoard(
    client,
    { session: selected, label: signal<string | null>(null), history: signal(1) },
    frames,
  );
  const verdictOfList = () => board.sessions.value?.get('a/Tiltfile')?.verdict.state;
  await expect.poll(() => board.detail.value?.session.value?.verdict.state).toBe('PASSED');
  source.put(session('a', createTargets(60, 'ready')));
  await expect.poll(() => board.error.value?.message).toContain("The document's complexity");
  source.put(session('a', createTargets(60, 'failed')));
  await expect.poll(verdictOfList).toBe('FAILED');
  expect(board.error.value?.message).toContain("The document's complexity");
  selected.value = null;
  expect(board.error.value).toBeNull();
  source.put(session('a', createTargets(5, 'failed')));
  selected.value = 'a/Tiltfile';
  await expect.poll(() => board.detail.value?.session.value?.verdict.state).toBe('FAILED');
  expect(board.error.value).toBeNull();
});
