import { describe, expect, it } from 'vitest';
import type { Session } from '../../src/model/session.js';
import { runCli } from '../support/cli.js';
import { startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { explained, resourceFacts, waitingOn } from '../support/resource-facts.js';
import { session } from '../support/sessions.js';
import { openTmux, type TmuxTerminal } from '../support/tmux.js';

/** `e2e` waits for `web`, and that for the failed `api`. `lint` waits for a person. */
function createShop(): Session {
  const shop = session('shop', {
    'api:serve': 'failed',
    'e2e:update': 'waiting',
    'web:serve': 'waiting',
    'db:serve': 'ready',
  });
  return explained(
    shop,
    [
      resourceFacts('api', {
        labels: ['backend'],
        links: [{ url: 'http://localhost:8080', name: 'api page' }],
        order: 2,
      }),
      resourceFacts('db', { labels: ['backend'], order: 1 }),
      resourceFacts('web', { labels: ['frontend'], order: 3, waitingOn: waitingOn('api') }),
      resourceFacts('e2e', { order: 4, waitingOn: waitingOn('web') }),
    ],
    { webUrl: 'http://localhost:10350' },
  );
}

async function openWatch(gateway: TestGateway, args = ''): Promise<TmuxTerminal> {
  const terminal = await openTmux({ TILT_GRAPHQL_URL: gateway.origin });
  await terminal.type(`tilt-graphql watch ${args}`);
  await terminal.press('Enter');
  return terminal;
}

describe('tilt-graphql watch explains why targets wait', () => {
  it('the table names blockers, and Enter shows the chain, the links and the log command', async () => {
    await using gateway = await startMemoryGateway([createShop()]);
    await using terminal = await openWatch(gateway);
    await terminal.until(/^FAILED {7}api:serve +\S+ {2}exit status 1$/m);
    await terminal.until(
      /^WAITING {6}e2e:update +\S+ {2}waits for api \(failed: exit status 1\) through web$/m,
    );
    await terminal.until(/^WAITING {6}web:serve +\S+ {2}waits for api \(failed: exit status 1\)$/m);
    await terminal.press('Enter');
    await terminal.until(/^target {4}api:serve {2}FAILED/m);
    await terminal.until(/^blocks {4}e2e:update, web:serve$/m);
    await terminal.until(/^resource {2}api; local; labels backend$/m);
    await terminal.until(/^links {5}http:\/\/localhost:8080 {2}api page$/m);
    await terminal.until(/^Tilt {6}http:\/\/localhost:10350\/r\/api\/overview$/m);
    await terminal.until(/^log {7}tilt logs --port 10350 api$/m);
    await terminal.press('Down');
    await terminal.until(
      /^chain {5}e2e:update {2}WAITING {2}not started\n +← web:serve {2}WAITING .*\n +← api:serve {2}FAILED/m,
    );
    await terminal.press('Escape');
    await terminal.until(/^WAITING {4}▸ e2e:update/m);
  });

  it('l groups the table by label, label= filters it, and Escape keeps the groups', async () => {
    await using gateway = await startMemoryGateway([createShop()]);
    await using terminal = await openWatch(gateway);
    await terminal.until(/^FAILED/m);
    await terminal.type('l');
    await terminal.until(
      /^backend {2}1 failed, 1 ready\nREADY +db.*\nFAILED +api.*\nfrontend {2}1 waiting\nWAITING +web.*\nunlabeled {2}1 waiting/m,
    );
    await terminal.type('/label=front*');
    await terminal.until(/^1 match \/label=front\*; /m);
    await terminal.press('Enter');
    await terminal.press('Escape');
    await terminal.until(/^unlabeled/m);
    await terminal.type('l');
    await terminal.until(/^PHASE.*\nFAILED/m);
  });

  it('a cluster that cannot be reached is a line at the top, in an error style, until it can be reached', async () => {
    await using gateway = await startMemoryGateway([createShop()]);
    await using terminal = await openWatch(gateway);
    await terminal.until(/^FAILED/m);
    const error = 'dial tcp 127.0.0.1:1: connect: connection refused';
    const shop = createShop();
    gateway.source.put({ ...shop, facts: { resources: null, webUrl: null, cluster: { error } } });
    await terminal.until(new RegExp(`^shop/Tiltfile .*\nCLUSTER  ${error}$`, 'm'));
    expect(await terminal.colours()).toContain('\u001b[31mCLUSTER');
    gateway.source.put(shop);
    await expect.poll(terminal.screen, { timeout: 25_000 }).not.toContain('CLUSTER');
  });

  it('--filter label= selects targets on the gateway, and JSON lines name the blockers of each', async () => {
    await using gateway = await startMemoryGateway([createShop()]);
    const args = ['watch', '--url', gateway.origin, '--filter', 'label=frontend', '-o', 'json'];
    await using watch = runCli(args);
    const [line] = await watch.until(/.*"type":"ADDED".*\n/);
    await watch.until(/"type":"VERDICT"/);
    expect(JSON.parse(line)).toMatchObject({
      target: 'web:serve',
      phase: 'WAITING',
      blockedBy: ['api:serve'],
      rootCause: 'api:serve',
    });
    expect(watch.stdout.match(/"type":"ADDED"/g)).toHaveLength(1);
  });

  it('a change of blockers alone prints a JSON line only with --all-changes', async () => {
    await using gateway = await startMemoryGateway([createShop()]);
    const watch = (...args: readonly string[]) =>
      runCli(['watch', '--url', gateway.origin, '-o', 'json', ...args]);
    await using phases = watch();
    await using everything = watch('--all-changes');
    for (const command of [phases, everything]) await command.until(/"type":"VERDICT"/);
    const shop = createShop();
    const resources = (shop.facts?.resources ?? []).map((resource) =>
      resource.name === 'web' ? { ...resource, waitingOn: waitingOn('db') } : resource,
    );
    gateway.source.put(explained(shop, resources));
    await everything.until(/"type":"MODIFIED","target":"web:serve".*"blockedBy":\["db:serve"\]/);
    gateway.source.put(session('shop', { 'api:serve': 'failed', 'web:serve': 'ready' }));
    for (const command of [phases, everything])
      await command.until(/"type":"MODIFIED","target":"web:serve","phase":"READY"/);
    const changes = ({ stdout }: typeof phases) => stdout.match(/"type":"MODIFIED","target":"web:serve"/g);
    expect([changes(phases)?.length, changes(everything)?.length]).toEqual([1, 2]);
  });
});
