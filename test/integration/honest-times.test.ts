import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createClient, type TargetFields } from '../../src/client/client.js';
import { runCli, runCliToEnd } from '../support/cli.js';
import { sessionJson } from '../support/session-json.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

/** Starts a gateway process that reads one Session from a file. */
async function serveFile(targets: readonly unknown[], spec: object = {}) {
  const folder = await createTemporaryFolder();
  const json = sessionJson({ uid: 'run-1', targets: [TILTFILE, ...targets] });
  await folder.write('shop.json', JSON.stringify({ ...json, spec: { ...Object(json.spec), ...spec } }));
  const command = runCli(['--port', '0', '--source', folder.file('shop.json')]);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  const client = createClient({ url });
  return {
    client,
    folder,
    wait: (...args: string[]) => runCliToEnd(['wait', '--url', url, ...args]),
    async targets(): Promise<TargetFields[]> {
      for await (const { session, targets } of client.watchTargets({ history: 50 })) {
        if (session !== null) return [...targets.values()];
      }
      return [];
    },
    async [Symbol.asyncDispose]() {
      client.close();
      await command[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

const TILTFILE = {
  name: 'tiltfile:update',
  type: 'job',
  resources: ['(Tiltfile)'],
  state: { terminated: { startTime: '2026-11-22T11:00:00Z', finishTime: '2026-11-22T11:00:01Z' } },
};

const ready = (name: string, type: string, startTime: string, lastReadyTime: string) => ({
  name,
  type,
  resources: [name.replace(/:.*/, '')],
  state: { active: { startTime, ready: true, lastReadyTime } },
});

describe('a Session whose readiness times belong to an earlier start', () => {
  it('readiness times of an earlier start give no time to readiness, and no negative time in JUnit (was -595 and 7200)', async () => {
    await using gateway = await serveFile([
      ready('early:serve', 'server', '2026-11-22T11:10:00Z', '2026-11-22T11:00:05Z'),
      ready('late:serve', 'server', '2026-11-22T11:00:00Z', '2026-11-22T13:00:00Z'),
    ]);
    const targets = await gateway.targets();
    expect(targets.map(({ name, secondsToReady }) => [name, secondsToReady])).toEqual([
      ['early:serve', null],
      ['late:serve', null],
      ['tiltfile:update', null],
    ]);
    const report = gateway.folder.file('report.xml');
    expect(await gateway.wait('--junit', report)).toMatchObject({ code: 0 });
    expect(await readFile(report, 'utf8')).not.toMatch(/="-|595|7200/);
  });
});

describe('a completed Kubernetes Job whose pod was deleted', () => {
  it('a completed Kubernetes Job whose pod was deleted is SUCCEEDED, so that wait exits with 0', async () => {
    await using gateway = await serveFile([
      ready('migrate:runtime', 'job', '2026-11-22T11:00:00Z', '2026-11-22T11:00:09Z'),
    ]);
    expect(await gateway.wait('--for', 'target:migrate:runtime=SUCCEEDED', '--timeout', '20s')).toMatchObject(
      {
        code: 0,
      },
    );
    expect(await gateway.client.session()).toMatchObject({ counts: { ready: 0, succeeded: 2 } });
  });
});

describe('a resource named tiltfile', () => {
  const second = { ...TILTFILE, resources: ['tiltfile'] };
  it('the target of a resource named tiltfile and the target of the Tiltfile have different ids', async () => {
    await using gateway = await serveFile([second]);
    const targets = await gateway.targets();
    expect(targets.map(({ id, resources }) => [id, resources])).toEqual([
      ['shop/Tiltfile#tiltfile:update', ['(Tiltfile)']],
      ['shop/Tiltfile#tiltfile:update#2', ['tiltfile']],
    ]);
    const { node, target } = await gateway.client.query<{ node: unknown; target: unknown }, object>(
      `{ node(id: "shop/Tiltfile#tiltfile:update#2") { ... on Target { resources } }
         target(name: "tiltfile:update") { resources } }`,
    );
    expect({ node, target }).toEqual({
      node: { resources: ['tiltfile'] },
      target: { resources: ['(Tiltfile)'] },
    });
    expect(await gateway.wait('--timeout', '20s')).toMatchObject({ code: 0 });
  });
});

describe('a Session of a newer Tilt', () => {
  it('enum values of a newer Tilt are UNKNOWN and keep their text', async () => {
    const state = { terminated: { error: 'x', graceStatus: 'Forgiven' } };
    await using gateway = await serveFile([{ name: 'a:update', type: 'daemon', resources: [], state }], {
      exitCondition: 'someday',
    });
    const data = await gateway.client.query(
      `{ session { spec { exitCondition exitConditionText } verdict { state reason } }
         target(name: "a:update") { type typeText state { ... on TargetStateTerminated { graceStatus graceStatusText } } } }`,
    );
    expect(data).toEqual({
      session: {
        spec: { exitCondition: 'UNKNOWN', exitConditionText: 'someday' },
        verdict: { state: 'UNKNOWN', reason: 'unknown exit condition: "someday"' },
      },
      target: {
        type: 'UNKNOWN',
        typeText: 'daemon',
        state: { graceStatus: 'UNKNOWN', graceStatusText: 'Forgiven' },
      },
    });
  });
});

describe('a Session with one invalid target', () => {
  it('a Session with one invalid target shows the other targets and never has the verdict PASSED', async () => {
    const broken = { name: 'api:serve', type: 'server', state: { active: { ready: true }, terminated: {} } };
    await using gateway = await serveFile([broken]);
    expect(await gateway.targets()).toMatchObject([
      {
        name: 'api:serve',
        phase: 'WAITING',
        state: { summary: expect.stringMatching(/^waiting: unreadable: status/) },
      },
      { name: 'tiltfile:update', phase: 'SUCCEEDED' },
    ]);
    const { code, stdout } = await gateway.wait('--timeout', '2s');
    expect([code, stdout]).toEqual([124, expect.stringContaining('unreadable: status.targets[1].state')]);
  });
});
