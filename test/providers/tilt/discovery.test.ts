import { appendFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { silentLog } from '../../../src/log.js';
import type { SessionProvider } from '../../../src/providers/provider.js';
import { createTiltDiscovery, type TiltDiscoveryOptions } from '../../../src/providers/tilt/discovery.js';
import { readChanges } from '../../support/change-reader.js';
import {
  createKubeconfigFolder,
  kubeconfigText,
  writeKubeconfig,
  writeStoppedKubeconfig,
} from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { sessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

let folder: Awaited<ReturnType<typeof createKubeconfigFolder>>;
let server: TiltServer;
let other: TiltServer;
let controller: AbortController;

beforeEach(async () => {
  folder = await createKubeconfigFolder();
  server = await createTiltServer({ sessions: [sessionJson()] });
  other = await createTiltServer({ sessions: [sessionJson()] });
  controller = new AbortController();
});

afterEach(async () => {
  controller.abort();
  await Promise.all([server.close(), other.close(), folder[Symbol.asyncDispose]()]);
});

/** Discovers, and notes what it says: `found tilt-default`. */
function discover(options: Partial<TiltDiscoveryOptions> = {}) {
  const said: string[] = [];
  const providers = new Map<string, SessionProvider>();
  const learn = (what: string) => (provider: SessionProvider) => {
    said.push(`${what} ${provider.name}`);
    providers.set(provider.name, provider);
  };
  const discovery = createTiltDiscovery({
    kubeconfig: folder.path,
    clock: systemClock,
    log: silentLog,
    pollMs: 5,
    settleMs: 2,
    found: learn('found'),
    changed: learn('changed'),
    lost: (name, reason) => said.push(`lost ${name}: ${reason}`),
    ...options,
  });
  const reader = readChanges(discovery.watch(controller.signal));
  const snapshots = (count: number) => reader.until(() => reader.count('snapshot') === count);
  return { said, providers, discovery, reader, snapshots };
}

test('a provider named tilt, without Sessions: a snapshot says that all Tilts there are have been found', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  const { discovery, said, reader, snapshots } = discover();
  await snapshots(1);
  expect(discovery.name).toBe('tilt');
  expect(reader.changes).toEqual([{ type: 'snapshot', sessions: [] }]);
  expect(said).toEqual(['found tilt-default', 'found tilt-10360']);
});

test('what it finds can be watched', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { providers, snapshots } = discover();
  await snapshots(1);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  const tilt = readChanges(provider.watch(controller.signal));
  await tilt.until(() => tilt.sessions.get('Tiltfile')?.id === 'tilt-default/Tiltfile');
});

test('a missing file means no Tilts, until there is one', async () => {
  const { said, reader, snapshots } = discover();
  await snapshots(1);
  expect(said).toEqual([]);
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await snapshots(2);
  expect(said).toEqual(['found tilt-default']);
  await rm(folder.path);
  await snapshots(3);
  expect(said.at(-1)).toBe(`lost tilt-default: its entry is no longer in ${folder.path}`);
  expect(reader.count('stale')).toBe(0);
});

test('a Tilt that starts is found, and one that ends is lost', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { said, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  await writeKubeconfig(folder.path, { 'tilt-10360': other });
  await snapshots(3);
  await writeStoppedKubeconfig(folder.path);
  await snapshots(4);
  const reason = `its entry is no longer in ${folder.path}`;
  expect(said).toEqual([
    'found tilt-default',
    'found tilt-10360',
    `lost tilt-default: ${reason}`,
    `lost tilt-10360: ${reason}`,
  ]);
});

test('a Tilt that is started again, with another port and token, has changed, and the others have not', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  const { said, providers, snapshots } = discover();
  await snapshots(1);
  await server.restart();
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  expect(said.slice(2)).toEqual(['changed tilt-default']);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  const tilt = readChanges(provider.watch(controller.signal));
  await tilt.until(() => tilt.sessions.has('Tiltfile'));
});

test.each([
  ['token', { user: { token: 'new' } }],
  ['CA', { cluster: { 'certificate-authority-data': 'bmV3' } }],
  ['port', { cluster: { server: 'https://127.0.0.1:1' } }],
])('another %s is a change', async (_what, fields) => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { said, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': { at: server, ...fields } });
  await snapshots(2);
  expect(said).toEqual(['found tilt-default', 'changed tilt-default']);
});

test('a file that is written again with the same content is no news', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { said, reader, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  expect(said).toEqual(['found tilt-default', 'found tilt-10360']);
  expect(reader.changes).toHaveLength(2);
});

describe('which contexts', () => {
  test('only those that Tilt names: another cluster is never contacted uninvited', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server, production: other });
    const { said, snapshots } = discover();
    await snapshots(1);
    expect(said).toEqual(['found tilt-default']);
    expect(other.requests).toEqual([]);
  });

  test('or those that are given, and no others', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server, production: other });
    const { said, snapshots } = discover({ contexts: ['production', 'elsewhere'] });
    await snapshots(1);
    expect(said).toEqual(['found production']);
  });

  test('one that cannot be used is found, and its provider says why', async () => {
    await writeKubeconfig(folder.path, {
      'tilt-default': { at: server, user: { exec: { command: 'aws' } } },
    });
    const { providers, snapshots } = discover();
    await snapshots(1);
    await expect(providers.get('tilt-default')?.check?.()).rejects.toMatchObject({ code: 'config' });
  });
});

describe('trouble with the file', () => {
  test('is told as stale, known Tilts are kept, and a snapshot says that it is over', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    const { said, reader, snapshots } = discover();
    await snapshots(1);
    await appendFile(folder.path, '- half: "wri');
    await reader.until(() => reader.count('stale') === 1);
    expect(reader.staleReasons[0]).toMatch(new RegExp(`^${folder.path}: is not YAML: .* at line \\d+`));
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    await snapshots(2);
    expect(said).toEqual(['found tilt-default']);
  });

  test('from the start is told as stale, and the first snapshot comes when it is over', async () => {
    await writeFile(folder.path, 'contexts: 5');
    const { said, reader, snapshots } = discover();
    await reader.until(() => reader.count('stale') === 1);
    expect(reader.changes).toEqual([
      { type: 'stale', error: `${folder.path}: contexts: expected a list, got a number` },
    ]);
    await writeFile(folder.path, kubeconfigText({ 'tilt-default': server }));
    await snapshots(1);
    expect(said).toEqual(['found tilt-default']);
  });
});

test('ends at once when the signal aborts while it is idle, and leaves no timer', async () => {
  const clock = createManualClock();
  const { reader, snapshots } = discover({ clock });
  await snapshots(1);
  controller.abort();
  expect(await reader.ended).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test('a second watch() does not find again what is known', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { said, discovery, reader, snapshots } = discover();
  await snapshots(1);
  controller.abort();
  await reader.ended;
  const second = new AbortController();
  const again = readChanges(discovery.watch(second.signal));
  await again.until(() => again.count('snapshot') === 1);
  second.abort();
  expect(said).toEqual(['found tilt-default']);
});

test('a Tilt that has crashed, whose entry is still there, is found; to reach it fails', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await server.stop();
  const { providers, snapshots } = discover();
  await snapshots(1);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  expect(await readChanges(provider.watch(controller.signal)).ended).toMatchObject({ code: 'unreachable' });
});
