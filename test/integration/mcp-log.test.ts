import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { LogLine } from '../../src/model/log.js';
import { withExcerpt } from '../support/excerpts.js';
import { withFacts } from '../support/facts.js';
import { startMemoryGateway } from '../support/gateway.js';
import { createTestLog, logLine, targetExcerpt } from '../support/log-lines.js';
import { startMcpAgent } from '../support/mcp-agent.js';
import { session } from '../support/sessions.js';

const ID = 'shop/Tiltfile';
const SHOP = session('shop', { 'api:update': 'failed', 'web:serve': 'running' });

/** Starts a gateway with a log, and an agent. */
async function setUp(lines: readonly LogLine[]) {
  const gateway = await startMemoryGateway([SHOP]);
  const log = createTestLog();
  log.append(...lines);
  gateway.source.setLog(ID, log);
  const agent = await startMcpAgent(gateway.url);
  return {
    getLog: (input: Record<string, unknown> = {}) => agent.callTool('get_log', input),
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

const LINES = [
  logLine('Loading Tiltfile', {
    resource: '(Tiltfile)',
    target: 'tiltfile:update',
    time: '2026-11-22T11:00:00.000001Z',
  }),
  logLine('$ npm test', { time: '2026-11-22T11:00:01.000001Z' }),
  logLine('\u001b[31mFAIL\u001b[0m adds numbers', { time: '2026-11-22T11:00:02.000001Z' }),
  logLine('Build Failed: exit status 1', { level: 'error', time: '2026-11-22T11:00:03.000001Z' }),
  logLine('listening', { resource: 'web', target: 'web:serve', time: '2026-11-22T11:00:04.000001Z' }),
];

const pageSchema = z.object({
  lines: z.array(z.object({ text: z.string() })),
  more: z.object({ omitted: z.number(), skip: z.number() }).optional(),
});

describe('get_log', () => {
  it('get_log returns the last lines of a Session as plain text, with resources and unusual levels', async () => {
    await using test = await setUp(LINES);
    expect(await test.getLog({ last: 4 })).toEqual({
      session: ID,
      isExcerpt: false,
      firstTime: '2026-11-22T11:00:01.000001Z',
      lastTime: '2026-11-22T11:00:04.000001Z',
      lines: [
        { text: '$ npm test', resource: 'api' },
        { text: 'FAIL adds numbers', resource: 'api' },
        { text: 'Build Failed: exit status 1', resource: 'api', level: 'ERROR' },
        { text: 'listening', resource: 'web' },
      ],
      more: {
        omitted: 1,
        skip: 4,
        hint: 'call get_log again with more.skip as skip, or with a resource, target or level',
      },
    });
  });

  it.each([
    [{ target: 'web:serve' }, ['listening']],
    [{ target: 'api:update', last: 1 }, ['Build Failed: exit status 1']],
    [{ resource: 'api', level: 'WARN' }, ['Build Failed: exit status 1']],
    [{ resource: '(Tiltfile)' }, ['Loading Tiltfile']],
    [{ level: 'ERROR', target: 'web:serve' }, []],
  ])('get_log with %j returns only the selected lines', async (input, texts) => {
    await using test = await setUp(LINES);
    expect(await test.getLog(input)).toMatchObject({ lines: texts.map((text) => ({ text })) });
  });

  it('get_log returns a long log in answers of bounded size, each line once', async () => {
    const lines = Array.from({ length: 900 }, (_, index) => logLine(`${index} ${'"x\\'.repeat(40)}`));
    await using test = await setUp([...lines, logLine('y'.repeat(4_000))]);
    const texts: string[] = [];
    let skip: number | undefined = 0;
    while (skip !== undefined) {
      const page: z.infer<typeof pageSchema> = pageSchema.parse(
        await test.getLog({ resource: 'api', last: 1_000, skip }),
      );
      expect(JSON.stringify(page).length).toBeLessThan(10_000);
      texts.unshift(...page.lines.map(({ text }) => text));
      expect(page.more?.omitted ?? 0).toBe(901 - texts.length);
      skip = page.more?.skip;
    }
    expect(texts.map((text) => text.split(' ')[0])).toEqual([
      ...lines.map((_, index) => String(index)),
      expect.stringMatching(/^y{85}/),
    ]);
    expect(texts.at(-1)).toMatch(/^y+ … \d+ characters omitted … y+$/);
  });

  it.each([
    ['1,000 lines', 1_200, 'x'],
    ['256 KiB', 90, 'x'.repeat(4_000)],
  ])('get_log says that there may be more lines of a Session than %s', async (_, count, text) => {
    await using test = await setUp([
      logLine('first', { resource: 'web' }),
      ...Array.from({ length: count }, () => logLine(text)),
    ]);
    expect(await test.getLog({ last: 5, skip: 995 })).toMatchObject({
      more: { hint: 'there may be earlier lines: call get_log with a resource or a target' },
    });
    expect(await test.getLog({ resource: 'api', last: 5, skip: 995 })).toMatchObject({
      more: { hint: 'earlier lines are not kept' },
    });
    expect(await test.getLog({ resource: 'web' })).not.toHaveProperty('more');
  });

  it('get_log returns the excerpt of a failed target if there is no log', async () => {
    const lines = ['FAIL adds numbers', 'expected 4, got 5'];
    await using gateway = await startMemoryGateway([withExcerpt(SHOP, 'api:update', lines, { omitted: 7 })]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('get_log', { target: 'api:update' })).toEqual({
      session: ID,
      isExcerpt: true,
      firstTime: null,
      lastTime: null,
      lines: lines.map((text) => ({ text })),
      more: { omitted: 7, hint: 'they are not kept' },
    });
    expect(await agent.callTool('get_log', { resource: 'api' })).toMatch(/^no log is available: /);
    expect(await agent.callTool('get_log')).toMatch(
      /^no log is available: only the gateway next to the Tilt/,
    );
  });

  it.each([
    ['WARN', ['a warning', 'Build Failed']],
    ['ERROR', ['Build Failed']],
    ['DEBUG', ['plain output', 'a warning', 'Build Failed']],
  ])('get_log with the level %s selects the lines of an excerpt too', async (level, texts) => {
    const lines = [
      logLine('plain output'),
      logLine('a warning', { level: 'warn' }),
      logLine('Build Failed', { level: 'error' }),
      logLine('of a newer Tilt', { level: 'unknown' }),
    ];
    await using gateway = await startMemoryGateway([
      withFacts(SHOP, { api: {} }, { excerpts: [targetExcerpt('api:update', { lines, omitted: 7 })] }),
    ]);
    await using agent = await startMcpAgent(gateway.url);
    expect(await agent.callTool('get_log', { target: 'api:update', level })).toMatchObject({
      lines: [...texts, 'of a newer Tilt'].map((text) => ({ text })),
      more: { omitted: 7 },
    });
  });

  it('get_log of an unknown target or resource names those that are known', async () => {
    await using test = await setUp(LINES);
    expect(await test.getLog({ target: 'api' })).toBe(
      'no target is named api; known: api:update, tiltfile:update, web:serve',
    );
    expect(await test.getLog({ resource: 'apy' })).toMatch(
      /^no resource is named apy; known: api, tiltfile, web, /,
    );
  });
});
