import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { startMemoryGateway } from '../support/gateway.js';
import { startMcpAgent } from '../support/mcp-agent.js';
import { sessionJson } from '../support/session-json.js';
import { asDemo, session } from '../support/sessions.js';

const SHOP = { id: 'shop/Tiltfile', verdict: 'FAILED', connection: 'LIVE' };

describe('tilt-graphql mcp', () => {
  it('tilt-graphql mcp lists its tools, all of them marked as read-only', async () => {
    await using gateway = await startMemoryGateway();
    await using agent = await startMcpAgent(gateway.url);
    const { tools } = await agent.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'list_sessions',
      'explain_verdict',
      'list_targets',
      'target_history',
      'get_log',
      'wait_for',
    ]);
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint)).toBe(true);
    expect(agent.client.getServerVersion()?.name).toBe('tilt-graphql');
    expect(agent.client.getInstructions()).toContain('explain_verdict');
  });

  it('MCP tools list Sessions and explain a verdict by its blockers', async () => {
    await using gateway = await startMemoryGateway([
      session('shop', { 'api:serve': 'waiting', 'web:serve': 'failed', 'db:serve': 'ready' }),
    ]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('list_sessions')).toEqual({
      sessions: [
        expect.objectContaining({ ...SHOP, targets: { waiting: 1, ready: 1, succeeded: 1, failed: 1 } }),
      ],
    });
    expect(await agent.callTool('explain_verdict')).toEqual({
      session: expect.objectContaining({ ...SHOP, clusterError: null }),
      next: ['Look at web:serve first.'],
      causes: [expect.objectContaining({ name: 'web:serve', error: 'exit status 1', waiting: 0 })],
      blockers: [
        expect.objectContaining({ name: 'web:serve', phase: 'FAILED', summary: expect.any(String) }),
        expect.objectContaining({ name: 'api:serve', phase: 'WAITING' }),
      ],
    });
    expect(await agent.callTool('list_targets', { phases: ['READY'] })).toEqual({
      session: 'shop/Tiltfile',
      connection: 'LIVE',
      targets: [expect.objectContaining({ name: 'db:serve' })],
    });
  });

  it('MCP tools wait for a condition and return the history of a target', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'waiting' })]);
    await using agent = await startMcpAgent(gateway.url);
    const waited = agent.callTool('wait_for', { condition: 'ready', timeoutSeconds: 60 });
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    gateway.source.put(session('shop', { 'api:serve': 'running' }));
    gateway.source.put(session('shop', { 'api:serve': 'ready' }));
    expect(await waited).toMatchObject({ result: 'reached', session: { verdict: 'PASSED' }, blockers: [] });
    expect(await agent.callTool('target_history', { target: 'api:serve' })).toMatchObject({
      target: { phase: 'READY' },
      history: [{ phase: 'WAITING' }, { phase: 'RUNNING' }, { phase: 'READY' }],
    });
    const phase = { condition: 'target', target: 'api:serve', phase: 'SUCCEEDED', timeoutSeconds: 5 };
    expect(await agent.callTool('wait_for', phase)).toMatchObject({ result: 'timeout' });
  });

  it('list_targets and target_history name their Session, and say when phases are not current', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'ready' })]);
    await using agent = await startMcpAgent(gateway.url);
    const origins = async () => [
      await agent.callTool('list_targets'),
      await agent.callTool('target_history', { target: 'api:serve' }),
    ];
    const origin = (connection: string) => ({ session: 'shop/Tiltfile', connection });
    const outdated = (connection: string) =>
      expect.objectContaining({
        ...origin(connection),
        note: `Tilt is ${connection}: this is its last known state`,
      });
    for (const answer of await origins()) {
      expect(answer).toMatchObject(origin('LIVE'));
      expect(answer).not.toHaveProperty('note');
    }
    gateway.source.markStale('the connection broke');
    expect(await origins()).toEqual([outdated('STALE'), outdated('STALE')]);
    gateway.source.end();
    expect(await origins()).toEqual([outdated('GONE'), outdated('GONE')]);
  });

  it('the answer for a tilt ci that is done has no note: its last state is the final one', async () => {
    const done = decodeSession(sessionJson({ status: { done: true } }), 'shop');
    await using gateway = await startMemoryGateway([done]);
    await using agent = await startMcpAgent(gateway.url);
    gateway.source.end();
    const answer = await agent.callTool('list_targets');
    expect(answer).toMatchObject({ session: 'shop/Tiltfile', connection: 'GONE' });
    expect(answer).not.toHaveProperty('note');
  });

  it('wait_for stops when the agent cancels the call', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'waiting' })]);
    await using agent = await startMcpAgent(gateway.url);
    const waiting = new AbortController();
    const waited = agent.client.callTool(
      { name: 'wait_for', arguments: { condition: 'ready' } },
      { signal: waiting.signal },
    );
    await expect.poll(() => gateway.gateway.readers).toBe(1);
    waiting.abort();
    await expect(waited).rejects.toThrow();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('MCP tools ignore the demo unless it is requested by id', async () => {
    await using gateway = await startMemoryGateway([asDemo(session('demo', { 'api:serve': 'ready' }))]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('list_sessions')).toMatchObject({ sessions: [{ isDemo: true }] });
    expect(await agent.callTool('explain_verdict')).toBe(
      'no Tilt is running: only the built-in demo is known. To use it, pass its Session, demo/Tiltfile',
    );
    const wait = { condition: 'ready', timeoutSeconds: 2 };
    expect(await agent.callTool('wait_for', wait)).toMatchObject({ result: 'unknown', run: null });
    const id = 'demo/Tiltfile';
    expect(await agent.callTool('explain_verdict', { session: id })).toMatchObject({
      session: { isDemo: true, verdict: 'PASSED' },
    });
    expect(await agent.callTool('wait_for', { ...wait, timeoutSeconds: 60, session: id })).toMatchObject({
      result: 'reached',
    });
  });

  it('an unknown argument of an MCP tool is rejected by name, so that no filter is silently ignored', async () => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'ready' })]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('list_targets', { phase: ['FAILED'] })).toMatch(/Unrecognized key: "phase"/);
  });

  it.each([
    ['a target and a phase', { condition: 'ready', target: 'nosuch:serve', phase: 'FAILED' }],
    ['a target', { condition: 'ready', target: 'nosuch:serve' }],
    ['a phase', { condition: 'done', phase: 'FAILED' }],
  ])('wait_for rejects %s that its condition would ignore', async (_, input) => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'ready' })]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('wait_for', input)).toBe(
      `condition ${input.condition} is about the whole Session: omit target and phase, or use condition target with both`,
    );
  });

  it.each([
    ['session', 'wait_for', { session: '', condition: 'ready' }],
    ['session', 'explain_verdict', { session: '' }],
    ['tiltfile', 'wait_for', { tiltfile: '', condition: 'ready' }],
    ['target', 'wait_for', { target: '', phase: 'READY', condition: 'target' }],
  ])('an empty %s of the MCP tool %s is rejected at once', async (name, tool, input) => {
    await using gateway = await startMemoryGateway([session('shop', { 'api:serve': 'ready' })]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool(tool, input)).toMatch(new RegExp(`${name}: expected .*, got an empty text`));
  });

  it('MCP results contain texts of Tilt without terminal escape sequences', async () => {
    const state = {
      terminated: { startTime: null, finishTime: null, error: '\u001b[31mred\u001b[0m\rline' },
    };
    const targets = [{ name: 'unit:update', type: 'job', resources: ['unit'], state }];
    await using gateway = await startMemoryGateway([decodeSession(sessionJson({ targets }), 'shop')]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('explain_verdict')).toMatchObject({
      session: { reason: expect.stringContaining('red') },
      blockers: [{ summary: 'failed: red' }],
    });
    expect(JSON.stringify(await agent.callTool('explain_verdict'))).not.toMatch(/u001b/);
  });

  it('errors of MCP tools are one line with the reason', async () => {
    await using gateway = await startMemoryGateway([session('a'), session('b')]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('explain_verdict', { session: 'c/Tiltfile' })).toBe(
      'no Session has the id c/Tiltfile; known: a/Tiltfile (LIVE), b/Tiltfile (LIVE)',
    );
    expect(await agent.callTool('explain_verdict')).toMatch(/^[^\n]*a\/Tiltfile[^\n]*b\/Tiltfile[^\n]*$/);
    expect(await agent.callTool('target_history', { session: 'a/Tiltfile', target: 'no' })).toBe(
      'no target is named no; known: tiltfile:update',
    );
    expect(await agent.callTool('wait_for', { session: 'a/Tiltfile', condition: 'target' })).toBe(
      'condition target requires both target and phase',
    );
    expect(await agent.callTool('wait_for', { condition: 'never' })).toMatch(/condition/);
    expect(await agent.callTool('wait_for', { session: 'a/Tiltfile', condition: 'done' })).toMatchObject({
      result: 'impossible',
      run: { session: 'a/Tiltfile', tiltfile: '/home/dev/shop/Tiltfile', pid: 21546 },
    });
    await gateway.gateway.close();
    expect(await agent.callTool('explain_verdict')).toMatch(/^[^\n]+$/);
  });
});
