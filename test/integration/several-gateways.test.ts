import { describe, expect, it } from 'vitest';
import { runCli, runCliToEnd } from '../support/cli.js';
import { startGateway, startMemoryGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { startMcpAgent } from '../support/mcp-agent.js';
import { session } from '../support/sessions.js';

const ID = 'shop/Tiltfile';

/** Starts a gateway. `url` is the list of a gateway that cannot be reached, and of this one. */
async function start() {
  const gone = await startGateway();
  await gone.gateway.close();
  const gateway = await startMemoryGateway([session('shop', { 'api:update': 'failed' })]);
  const log = createTestLog();
  log.append(logLine('FAIL adds numbers'));
  gateway.source.setLog(ID, log);
  return {
    url: `${gone.origin},${gateway.origin}`,
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  };
}

describe('commands with several gateways, the first of which cannot be reached', () => {
  it.each([
    [['query', '{ session { id } }'], '"id": "shop/Tiltfile"'],
    [['logs'], 'api │ FAIL adds numbers'],
    [['wait', '--for', 'target:api:update=FAILED'], 'reached: '],
  ])('%j prints the answer of the second gateway', async (args, expected) => {
    await using gateways = await start();
    const { code, stdout } = await runCliToEnd([...args, '--url', gateways.url]);
    expect([code, stdout]).toEqual([0, expect.stringContaining(expected)]);
  });

  it.each([
    ['query', 'subscription { session { id } }'],
    ['query', '--watch', '{ session { id } }'],
    ['logs', '--follow', '--output', 'json'],
    ['watch', '--output', 'json'],
  ])('%s %s follows the second gateway', async (...args) => {
    await using gateways = await start();
    await using command = runCli([...args, '--url', gateways.url]);
    await command.until(/shop\/Tiltfile/);
  });

  it.each(['logs', 'query'])(
    '%s exits with 3 and names all gateways if none can be reached',
    async (name) => {
      const gone = [await startGateway(), await startGateway()];
      for (const { gateway } of gone) await gateway.close();
      const args = name === 'query' ? ['query', 'subscription { session { id } }'] : [name];
      const urls = gone.map(({ url }) => url);
      const { code, stderr } = await runCliToEnd([...args, '--url', urls.join()]);
      expect(code).toBe(3);
      for (const url of urls) expect(stderr).toContain(`${url} cannot be reached`);
    },
  );

  it.each([
    ['explain_verdict', {}],
    ['list_targets', {}],
    ['get_log', {}],
    ['get_log', { target: 'api:update' }],
    ['target_history', { target: 'api:update' }],
    ['wait_for', { condition: 'ready' }],
  ])('the MCP tool %s answers from the second gateway: %j', async (tool, input) => {
    await using gateways = await start();
    await using agent = await startMcpAgent(gateways.url);
    // An error would be a text.
    expect(await agent.callTool(tool, input)).toBeTypeOf('object');
  });
});
