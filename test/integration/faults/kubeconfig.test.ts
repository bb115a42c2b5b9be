import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { readHealth } from '../../support/health-reader.js';
import { formatKubeconfig } from '../../support/kubeconfig-file.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';

const startGreen = (uid: string) => createTiltServer({ sessions: [greenJson({ uid })] });

describe('a Tilt with the name of another source', () => {
  it('a Tilt with the name of another source is reported as an error while both exist, and delays no other', async () => {
    await using server = await startGreen('a');
    const { provider } = createMemoryProvider('tilt-default');
    const error = expect.stringMatching(/^Two sources have the name "tilt-default".*$/);
    await using gateway = await startTiltGateway({ 'tilt-default': server }, { providers: [provider] });
    await gateway.untilSource({ state: 'STALE', error }, 'tilt');
    await gateway.updateKubeconfig({ 'tilt-default': server, 'tilt-1': server });
    await gateway.session('tilt-1').until(HEALTHY);
    await gateway.untilSource({ state: 'STALE', error }, 'tilt');
    expect((await fetch(new URL('/readyz', gateway.url))).status).toBe(200);
    await gateway.updateKubeconfig({ 'tilt-1': server });
    await gateway.untilSource({ state: 'LIVE', error: null }, 'tilt');
  });
});

describe('a deleted kubeconfig', () => {
  it('a deleted kubeconfig leaves a connected Tilt LIVE until it exits, then GONE with the reason, and LIVE when restored', async () => {
    await using server = await startGreen('a');
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await using reader = await readHealth(gateway);
    await rm(gateway.kubeconfig);
    await using other = await startGreen('b');
    await gateway.updateKubeconfig({ 'tilt-1': other });
    await gateway.session('tilt-1').until(HEALTHY);
    expect(await gateway.session().read()).toMatchObject(HEALTHY);
    await server.stop();
    await gateway.session().until(degraded('GONE', /its entry is no longer in/));
    await gateway.untilSource({ state: 'LIVE' }, 'tilt');
    await expect.poll(() => reader.payloads.at(-1)?.connection.state).toBe('GONE');
    const states = new Set(reader.payloads.map((seen) => seen?.connection.state));
    expect([...states]).toEqual(['LIVE', 'GONE']);
    await server.restart();
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
  });

  it('a kubeconfig replaced by a folder keeps its Tilts watched; one that exits is GONE only when the folder is removed', async () => {
    await using server = await startGreen('a');
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await rename(gateway.kubeconfig, `${gateway.kubeconfig}.old`);
    await mkdir(gateway.kubeconfig);
    await gateway.untilSource({ state: 'STALE', error: expect.stringMatching(/^.*EISDIR.*$/) }, 'tilt');
    // The Tilt has not exited: the watch continues.
    server.put(greenJson({ uid: 'b' }));
    await gateway.session().until({ ...HEALTHY, metadata: { uid: 'b' } });
    await server.stop();
    await gateway.session().until(degraded('STALE', /127\.0\.0\.1/));
    await rm(gateway.kubeconfig, { recursive: true });
    await gateway.session().until(degraded('GONE', /its entry is no longer in/));
    await server.restart();
    await gateway.updateKubeconfig({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
  });
});

describe('a replaced kubeconfig', () => {
  it.each(['by rename', 'in place'])(
    'a kubeconfig replaced %s after the old Tilt has exited leads to the new Tilt, STALE in between and never GONE',
    async (how) => {
      await using old = await startGreen('old');
      await using server = await startGreen('new');
      await using gateway = await startTiltGateway({ 'tilt-default': old });
      await gateway.session().until(HEALTHY);
      await using reader = await readHealth(gateway);
      await old.stop();
      if (how === 'by rename') await gateway.updateKubeconfig({ 'tilt-default': server });
      else await writeFile(gateway.kubeconfig, formatKubeconfig({ 'tilt-default': server }));
      await gateway.session().until({ ...HEALTHY, metadata: { uid: 'new' } });
      await expect.poll(() => reader.payloads.at(-1)?.metadata.uid).toBe('new');
      const states = new Set(reader.payloads.map((seen) => seen?.connection.state));
      expect([...states]).toEqual(['LIVE', 'STALE']);
    },
  );

  it('the intermediate steps of a kubeconfig written in place are not visible to clients', async () => {
    await using server = await startGreen('a');
    await using other = await startGreen('b');
    await using gateway = await startTiltGateway({ 'tilt-default': server });
    await gateway.session().until(HEALTHY);
    await using reader = await readHealth(gateway);
    for (const text of ['', 'apiVersion: v1\nclusters: null\n']) await writeFile(gateway.kubeconfig, text);
    await writeFile(gateway.kubeconfig, formatKubeconfig({ 'tilt-1': other, 'tilt-default': server }));
    await gateway.session('tilt-1').until(HEALTHY);
    expect(reader.payloads).toHaveLength(1);
    expect(server.count('watch')).toBe(1);
  });
});

describe('a kubeconfig that stays half-written', () => {
  const cuts: [string, (text: string) => number][] = [
    ['empty', () => 0],
    ['within its first word', () => 5],
    ['within a CA', (text) => text.indexOf('server:') - 40],
    ['after the clusters', (text) => text.indexOf('contexts:')],
    ['within the word contexts', (text) => text.indexOf('contexts:') + 4],
    ['after the word contexts', (text) => text.indexOf('contexts:') + 'contexts:\n'.length],
    ['within a context', (text) => text.indexOf('current-context:') - 10],
    ['before the users', (text) => text.indexOf('users:')],
    ['within the users', (text) => text.indexOf('token:') - 3],
    ['within a token', (text) => text.length - 10],
  ];

  it.each(cuts)(
    'a kubeconfig truncated %s removes no Tilt, and its Sessions are LIVE when it is complete again',
    async (_, cutAt) => {
      await using server = await startGreen('a');
      await using gateway = await startTiltGateway({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
      await using reader = await readHealth(gateway);
      const text = formatKubeconfig({ 'tilt-default': server });
      await writeFile(gateway.kubeconfig, text.slice(0, cutAt(text)));
      await expect
        .poll(() => gateway.gateway.sources().map(({ error }) => error))
        .toContainEqual(expect.stringMatching(/^.+$/));
      expect(await gateway.session().read()).toMatchObject({ status: HEALTHY.status });
      server.put(greenJson({ uid: 'a', status: { pid: 5 } }));
      await writeFile(gateway.kubeconfig, text);
      await gateway.session().until({ ...HEALTHY, metadata: { uid: 'a', resourceVersion: '3' } });
      await gateway.untilSource({ state: 'LIVE', error: null }, 'tilt');
      for (const seen of reader.payloads) {
        expect(seen?.connection.state).not.toBe('GONE');
        expect(seen?.verdict.state).toBe(seen?.connection.state === 'LIVE' ? 'PASSED' : 'UNKNOWN');
      }
    },
  );
});
