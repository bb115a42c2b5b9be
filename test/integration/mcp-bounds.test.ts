import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MAX_ANSWER } from '../../src/mcp/bounds.js';
import { decodeSession } from '../../src/model/decode.js';
import { startMemoryGateway } from '../support/gateway.js';
import { type McpAgent, startMcpAgent } from '../support/mcp-agent.js';
import { sessionJson } from '../support/session-json.js';
import { session, type TargetStates } from '../support/sessions.js';

/** Maximum size of a result: its text and the same as structured content. */
const MAX_RESULT = 25_000;

const listSchema = z.object({
  targets: z.array(z.object({ name: z.string() })),
  more: z.object({ omitted: z.number(), after: z.string().optional(), hint: z.string() }).optional(),
});

/** Creates the targets `svc-0000:serve`, `svc-0001:serve`, … */
function createTargets(count: number, state: TargetStates[string]): TargetStates {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`svc-${String(index).padStart(4, '0')}:serve`, state]),
  );
}

/** Creates a Session with one job that failed with this error. */
function createFailedSession(error: string) {
  const state = { terminated: { startTime: null, finishTime: null, error } };
  const targets = [{ name: 'unit:update', type: 'job', resources: ['unit'], state }];
  return decodeSession(sessionJson({ targets }), 'shop');
}

async function callToolForResult(agent: McpAgent, name: string, input: Record<string, unknown> = {}) {
  const { content, structuredContent } = await agent.client.callTool({ name, arguments: input });
  const length = JSON.stringify({ content, structuredContent }).length;
  expect(length, `characters of the answer of ${name}`).toBeLessThan(MAX_RESULT);
  expect(JSON.stringify(structuredContent ?? null).length, name).toBeLessThanOrEqual(MAX_ANSWER);
  return { content, structuredContent };
}

describe('the size of MCP results', () => {
  it('list_targets returns 700 targets in pages of bounded size, each target once', async () => {
    await using gateway = await startMemoryGateway([session('shop', createTargets(700, 'ready'))]);
    await using agent = await startMcpAgent(gateway.url);
    const names: string[] = [];
    let after: string | undefined;
    do {
      const { structuredContent } = await callToolForResult(
        agent,
        'list_targets',
        after === undefined ? {} : { after },
      );
      const { targets, more } = listSchema.parse(structuredContent);
      names.push(...targets.map(({ name }) => name));
      expect(more?.omitted ?? 0).toBe(701 - names.length);
      after = more?.after;
    } while (after !== undefined);
    expect(new Set(names).size).toBe(701);
    expect(names).toHaveLength(701);
  });

  it('list_targets applies limit, phase and name filters, and describes how to get the next page', async () => {
    const targets = {
      ...createTargets(700, 'ready'),
      'db:serve': 'failed',
      'web-db:serve': 'ready',
    } as const;
    await using gateway = await startMemoryGateway([session('shop', targets)]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('list_targets', { limit: 2 })).toEqual({
      session: 'shop/Tiltfile',
      connection: 'LIVE',
      targets: [
        expect.objectContaining({ name: 'db:serve' }),
        expect.objectContaining({ name: 'svc-0000:serve' }),
      ],
      more: {
        omitted: 701,
        after: 'svc-0000:serve',
        hint: 'call list_targets again with more.after as after, or with phases, name or label',
      },
    });
    expect(await agent.callTool('list_targets', { name: '*db:*', phases: ['READY'] })).toEqual({
      session: 'shop/Tiltfile',
      connection: 'LIVE',
      targets: [expect.objectContaining({ name: 'web-db:serve' })],
    });
  });

  it('explain_verdict and wait_for list the first of 700 blockers, and describe how to see the others', async () => {
    await using gateway = await startMemoryGateway([session('shop', createTargets(700, 'waiting'))]);
    await using agent = await startMcpAgent(gateway.url);
    const more = { omitted: expect.any(Number), hint: expect.stringContaining('list_targets with phases') };
    const explained = await callToolForResult(agent, 'explain_verdict');
    expect(explained.structuredContent).toMatchObject({ session: { targets: { waiting: 700 } }, more });
    // On a busy machine, a second may pass before the first state arrives.
    const waited = () => callToolForResult(agent, 'wait_for', { condition: 'ready', timeoutSeconds: 1 });
    await expect
      .poll(async () => (await waited()).structuredContent)
      .toMatchObject({ result: 'timeout', more });
  });

  it('list_sessions returns 200 Sessions in pages', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `shop-${String(index).padStart(3, '0')}`);
    await using gateway = await startMemoryGateway(ids.map((id) => session(id, { 'api:serve': 'ready' })));
    await using agent = await startMcpAgent(gateway.url);
    const { structuredContent } = await callToolForResult(agent, 'list_sessions');
    expect(structuredContent).toMatchObject({ more: { hint: expect.stringContaining('verdicts') } });
    expect(await agent.callTool('list_sessions', { after: 'shop-198/Tiltfile' })).toEqual({
      sessions: [expect.objectContaining({ id: 'shop-199/Tiltfile' })],
    });
    expect(await agent.callTool('explain_verdict', { session: 'shop-07/Tiltfile' })).toMatch(
      /^no Session has the id shop-07\/Tiltfile; 200 are known; did you mean shop-0/,
    );
  });

  it.each([
    ['of one line', `compile: ${'x'.repeat(200_000)} undefined symbol`],
    ['of many lines', `compile failed\n${'at line\n'.repeat(25_000)}undefined symbol`],
    ['of quotes and line breaks', `compile ${'"\n'.repeat(100_000)} undefined symbol`],
    ['of halves of surrogate pairs', `compile ${'\ud800'.repeat(200_000)} undefined symbol`],
    ['of terminal sequences', `compile \u001b[31m${'red\u0007'.repeat(50_000)} undefined symbol`],
  ])('an MCP result keeps the start and the end of an error of 200 kB %s', async (_, error) => {
    await using gateway = await startMemoryGateway([createFailedSession(error)]);
    await using agent = await startMcpAgent(gateway.url);
    await callToolForResult(agent, 'list_sessions');
    await callToolForResult(agent, 'explain_verdict');
    await callToolForResult(agent, 'list_targets');
    await callToolForResult(agent, 'wait_for', { condition: 'ready' });
    const { structuredContent } = await callToolForResult(agent, 'target_history', { target: 'unit:update' });
    expect(structuredContent).toMatchObject({
      target: {
        error: expect.stringMatching(/^compile[\s\S]* characters omitted [\s\S]*undefined symbol$/),
      },
    });
  });

  it('an MCP error about an unknown target names only the most similar of 5,000 targets', async () => {
    await using gateway = await startMemoryGateway([session('shop', createTargets(5_000, 'ready'))]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('target_history', { target: 'svc-0042:server' })).toMatch(
      /^no target is named svc-0042:server; 5001 are known; did you mean svc-0042:serve or svc-/,
    );
    expect(await agent.callTool('target_history', { target: 'nothing-like-it' })).toBe(
      'no target is named nothing-like-it; 5001 are known; search with list_targets and name: "*part*"',
    );
    await callToolForResult(agent, 'target_history', { target: 'x'.repeat(100_000) });
    await callToolForResult(agent, 'list_targets');
  });

  it('an MCP error about an invalid input lists only a few of many errors', async () => {
    await using gateway = await startMemoryGateway([session('shop')]);
    await using agent = await startMcpAgent(gateway.url);
    await callToolForResult(agent, 'list_targets', {
      phases: Array.from({ length: 10_000 }, () => 'nonsense'),
    });
    await callToolForResult(agent, 'wait_for', { condition: 'ready', startedAfter: 'x'.repeat(100_000) });
  });
});

describe('progress of wait_for', () => {
  it('wait_for sends progress, so that a client with a timeout of 5 s between messages does not cancel', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'waiting' })]);
    await using agent = await startMcpAgent(gateway.url);
    const messages: (string | undefined)[] = [];
    const waited = agent.client.callTool(
      { name: 'wait_for', arguments: { condition: 'ready' } },
      {
        timeout: 5_000,
        resetTimeoutOnProgress: true,
        onprogress: ({ message }) => messages.push(message),
      },
    );
    await expect.poll(() => messages.length, { timeout: 30_000 }).toBeGreaterThan(4);
    expect(messages.at(-1)).toContain('api:serve: waiting');
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    expect((await waited).structuredContent).toMatchObject({ result: 'reached' });
  });

  it('wait_for with timeoutSeconds returns before a client with a total timeout of 5 s cancels', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'waiting' })]);
    await using agent = await startMcpAgent(gateway.url);
    const { structuredContent } = await agent.client.callTool(
      { name: 'wait_for', arguments: { condition: 'ready', timeoutSeconds: 2 } },
      { timeout: 5_000 },
    );
    expect(structuredContent).toMatchObject({ result: 'timeout' });
  });
});
