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

/** Starts a gateway with a Session, and opens its page. */
async function openPage(targets: TargetStates) {
  const source = createMemoryProvider('a', [session('a', targets)]);
  const gateway = await startGateway({ providers: [source.provider], limits: { complexity: 2_000 } });
  await gateway.gateway.ready();
  const client = openDisposableClient({ url: gateway.url });
  const selected = signal<string | null>('a/Tiltfile');
  const label = signal<string | null>(null);
  const board = createBoard(client, { session: selected, label, history: signal(1) }, frames);
  return {
    source,
    selected,
    board,
    verdict: () => board.detail.value?.session.value?.verdict.state,
    verdictOfList: () => board.sessions.value?.get('a/Tiltfile')?.verdict.state,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

it('a Session above a limit shows its last state as outdated, with the reason, until it is within the limit', async () => {
  await using page = await openPage(createTargets(5, 'ready'));
  const link = () => page.board.detail.value?.link.value;
  await expect.poll(page.verdict).toBe('PASSED');
  page.source.put(session('a', createTargets(60, 'ready')));
  await expect.poll(() => link()?.state).toBe('lost');
  expect(link()?.error).toContain("The document's complexity");
  page.source.put(session('a', createTargets(60, 'failed')));
  await expect.poll(page.verdictOfList).toBe('FAILED');
  expect([page.verdict(), link()?.state, page.board.link.value.state]).toEqual(['PASSED', 'lost', 'live']);
  page.source.put(session('a', createTargets(5, 'failed')));
  await expect.poll(page.verdict).toBe('FAILED');
  expect([link()?.state, page.board.error.value]).toEqual(['live', null]);
});

it('a Session that is above a limit when it is opened shows the error until it is opened again', async () => {
  await using page = await openPage(createTargets(60, 'ready'));
  await expect.poll(() => page.board.error.value?.message).toContain("The document's complexity");
  page.source.put(session('a', createTargets(5, 'failed')));
  await expect.poll(page.verdictOfList).toBe('FAILED');
  expect(page.board.error.value?.message).toContain("The document's complexity");
  page.selected.value = null;
  expect(page.board.error.value).toBeNull();
  page.selected.value = 'a/Tiltfile';
  await expect.poll(page.verdict).toBe('FAILED');
  expect(page.board.error.value).toBeNull();
});
