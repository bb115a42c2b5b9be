import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createTiltLogs } from '../../src/providers/tilt/hud-logs.js';
import { runCli } from '../support/cli.js';
import { playHudCiUpToEnd } from '../support/hud-ci.js';
import { startMcpAgent } from '../support/mcp-agent.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { startTiltGateway } from '../support/tilt-gateway.js';
import { startTiltWithLogs } from '../support/tilt-with-logs.js';

/** The last lines of the recorded run. */
const LAST_LINES = ['running 3 tests', '1 of 3 failed', 'FAIL adds numbers', '  expected 4, got 5'];

/** Called with the gateway and the Session after the wait. */
type Inspect = (url: string, session: string) => Promise<void>;

/**
 * Waits for a recorded run whose connections are cut 6 ms after its last message.
 *
 * @param delayMs time between the failure and the last message. Tilt sends a message at most every 200 ms.
 */
async function waitForRun(delayMs: number, inspect: Inspect = async () => {}) {
  const uid = randomUUID();
  await using tilt = await startTiltWithLogs({ sessions: [] });
  const { server, hud, tokenFile } = tilt;
  const last = playHudCiUpToEnd(tilt, uid);
  const logs = createTiltLogs({ tokenFile });
  await using gateway = await startTiltGateway({ [hud.context]: server }, { logs });
  await expect.poll(() => hud.open).toBe(1);
  await using folder = await createTemporaryFolder();
  const junit = folder.file('tilt.xml');
  const options = ['--url', gateway.url, '--for', 'done', '--junit', junit];
  await using command = runCli(['wait', ...options]);
  await expect.poll(() => command.stderr, { timeout: 30_000, interval: 10 }).toContain('unit:update RUNNING');
  server.put(last.session);
  if (delayMs > 0) await pause(delayMs);
  hud.send(last.message);
  await pause(6);
  hud.cut();
  await server.stop();
  await gateway.updateKubeconfig({});
  const code = await command.exit;
  await inspect(gateway.url, `${hud.context}/Tiltfile`);
  const lines = command.stdout.split('\n').filter((line) => line.startsWith('    | '));
  const [, output] = /<system-out>([^<]*)<\/system-out>/.exec(await readFile(junit, 'utf8')) ?? [];
  return { code, lines: lines.slice(-LAST_LINES.length), output };
}

describe('the log of a tilt ci that failed', () => {
  it('wait prints its last lines in 20 of 20 runs that are cut 6 ms after the last message, also as JUnit', {
    timeout: 240_000,
  }, async () => {
    const results: unknown[] = [];
    for (let run = 0; run < 20; run += 1) results.push(await waitForRun(50 * (run % 4)));
    const expected = {
      code: 1,
      lines: LAST_LINES.map((line) => `    | ${line}`),
      output: expect.stringMatching(new RegExp(`\n${LAST_LINES.join('\n')}$`)),
    };
    expect(results).toEqual(Array.from({ length: 20 }, () => expected));
  });

  it('an agent reads its last lines after the Tilt has exited', async () => {
    await waitForRun(0, async (url, session) => {
      await using agent = await startMcpAgent(url);
      await expect
        .poll(() => agent.callTool('explain_verdict', { session }))
        .toMatchObject({
          session: { verdict: 'FAILED', connection: 'GONE' },
          causes: [{ name: 'unit:update', lastLines: expect.arrayContaining(LAST_LINES) }],
        });
      expect(await agent.callTool('get_log', { session, target: 'unit:update' })).toMatchObject({
        lines: expect.arrayContaining(LAST_LINES.map((text) => ({ text }))),
      });
    });
  });
});
