import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/lib/clock.js';
import { silentLog } from '../../../src/lib/log.js';
import type { Change } from '../../../src/model/change.js';
import { ProviderError, type SessionProvider } from '../../../src/providers/provider.js';
import { createTiltDiscovery, type TiltDiscoveryOptions } from '../../../src/providers/tilt/discovery.js';
import { type ChangeReader, readChanges } from '../../support/change-reader.js';
import {
  createKubeconfigFolder,
  formatKubeconfig,
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

/** Starts discovery, watches the Tilts that it finds, and records its events: `found tilt-default`. */
function discover(options: Partial<TiltDiscoveryOptions> = {}) {
  const watches = new Map<string, ChangeReader>();
  const events: string[] = [];
  const providers = new Map<string, SessionProvider>();
  const learn = (what: string) => (provider: SessionProvider) => {
    events.push(`${what} ${provider.name}`);
    providers.set(provider.name, provider);
    watches.set(provider.name, readChanges(provider, controller.signal));
  };
  const discovery = createTiltDiscovery({
    kubeconfig: [folder.path],
    clock: systemClock,
    log: silentLog,
    pollMs: 5,
    settleMs: 2,
    onFound: learn('found'),
    onReplaced: learn('changed'),
    onLost: (name, reason) => events.push(`lost ${name}: ${reason}`),
    ...options,
  });
  const reader = readChanges(discovery, controller.signal);
  const snapshots = (count: number) => reader.until(() => reader.count('snapshot') === count);
  const connected = (name: string) => expect.poll(() => watches.get(name)?.count('snapshot')).toBe(1);
  return { events, providers, discovery, reader, snapshots, connected };
}

test('tilt discovery is a provider named tilt without Sessions, whose snapshot reports that all Tilts were found', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  const { discovery, events, reader, snapshots } = discover();
  await snapshots(1);
  expect(discovery.name).toBe('tilt');
  expect(reader.changes).toEqual([{ type: 'snapshot', sessions: [] }]);
  expect(events).toEqual(['found tilt-default', 'found tilt-10360']);
});

test('tilt discovery finds Tilts whose providers can be watched', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { providers, snapshots } = discover();
  await snapshots(1);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  const tilt = readChanges(provider, controller.signal);
  await tilt.until(() => tilt.sessions.get('Tiltfile')?.id === 'tilt-default/Tiltfile');
});

test('tilt discovery finds no Tilts without a file, until there is one', async () => {
  const { events, reader, snapshots } = discover();
  await snapshots(1);
  expect(events).toEqual([]);
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await snapshots(2);
  expect(events).toEqual(['found tilt-default']);
  await server.stop();
  await rm(folder.path);
  await snapshots(3);
  expect(events.at(-1)).toBe(`lost tilt-default: its entry is no longer in ${folder.path}`);
  expect(reader.count('stale')).toBe(0);
});

test('tilt discovery finds a Tilt that starts, and loses one that ends', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { events, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  await server.stop();
  await writeKubeconfig(folder.path, { 'tilt-10360': other });
  await snapshots(3);
  await other.stop();
  await writeStoppedKubeconfig(folder.path);
  await snapshots(4);
  const reason = `its entry is no longer in ${folder.path}`;
  expect(events).toEqual([
    'found tilt-default',
    'found tilt-10360',
    `lost tilt-default: ${reason}`,
    `lost tilt-10360: ${reason}`,
  ]);
});

test('tilt discovery replaces a Tilt that was restarted with another port and token, and no other', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  const { events, providers, snapshots } = discover();
  await snapshots(1);
  await server.stop();
  await server.restart();
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  expect(events.slice(2)).toEqual(['changed tilt-default']);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  const tilt = readChanges(provider, controller.signal);
  await tilt.until(() => tilt.sessions.has('Tiltfile'));
});

test.each([
  ['token', { user: { token: 'new' } }],
  ['CA', { cluster: { 'certificate-authority-data': 'bmV3' } }],
])('tilt discovery replaces a Tilt with another %s', async (_what, fields) => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { events, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': { server: server, ...fields } });
  await snapshots(2);
  expect(events).toEqual(['found tilt-default', 'changed tilt-default']);
});

describe('a Tilt whose entry is removed while its connection works', () => {
  test('is followed until the connection breaks, and then lost', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const { events, snapshots, connected } = discover();
    await connected('tilt-0');
    await writeKubeconfig(folder.path, { 'tilt-1': other });
    await snapshots(2);
    expect(events).toEqual(['found tilt-0', 'found tilt-1']);
    await server.stop();
    await snapshots(3);
    expect(events.at(-1)).toBe(`lost tilt-0: its entry is no longer in ${folder.path}`);
  });

  test('is followed while the file is truncated, which is an error only for Tilts whose entry existed', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const { events, reader, snapshots, connected } = discover();
    await connected('tilt-0');
    await writeKubeconfig(folder.path, { 'tilt-1': other });
    await snapshots(2);
    await appendFile(folder.path, '- half: "wri');
    await reader.until(() => reader.count('stale') === 1);
    expect(events).toHaveLength(2);
  });
});

describe('a second Tilt that overwrites the entry of the first', () => {
  test('is a restart under the same name when the first is not connected', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const { events, snapshots, connected } = discover();
    await connected('tilt-0');
    await server.stop();
    await writeKubeconfig(folder.path, { 'tilt-0': other });
    await snapshots(2);
    expect(events).toEqual(['found tilt-0', 'changed tilt-0']);
  });

  test('is a restart under the same name when the first ends within a moment', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const { events, snapshots, connected } = discover({ graceMs: 60_000 });
    await connected('tilt-0');
    await writeKubeconfig(folder.path, { 'tilt-0': other });
    await server.stop();
    await snapshots(2);
    expect(events).toEqual(['found tilt-0', 'changed tilt-0']);
  });

  test('gets a name of its own while the first is connected, and both keep their names', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const { events, snapshots, connected } = discover();
    await connected('tilt-0');
    await writeKubeconfig(folder.path, { 'tilt-0': other });
    const second = `tilt-0.${new URL(other.url).port}`;
    await connected(second);
    expect(events).toEqual(['found tilt-0', `found ${second}`]);
    await server.stop();
    await snapshots(3);
    expect(events.at(-1)).toBe(`lost tilt-0: its entry in ${folder.path} is now that of another Tilt`);
    await writeStoppedKubeconfig(folder.path);
    await other.stop();
    await snapshots(4);
    expect(events.at(-1)).toBe(`lost ${second}: its entry is no longer in ${folder.path}`);
  });

  test('replaces the first in a context that a user maintains, even while the first is connected', async () => {
    await writeKubeconfig(folder.path, { production: server });
    const { events, snapshots, connected } = discover({ contexts: ['production'] });
    await connected('production');
    await writeKubeconfig(folder.path, { production: other });
    await snapshots(2);
    await writeStoppedKubeconfig(folder.path);
    await snapshots(3);
    expect(events).toEqual([
      'found production',
      'changed production',
      `lost production: its entry is no longer in ${folder.path}`,
    ]);
  });
});

describe('a change of the kubeconfig', () => {
  const never = 60_000;

  test('is detected at once by file-system events, without waiting for the file to settle', async () => {
    await writeStoppedKubeconfig(folder.path);
    const { events, snapshots } = discover({ pollMs: never, settleMs: never });
    await snapshots(1);
    await writeFile(folder.path, formatKubeconfig({ 'tilt-default': server }));
    await snapshots(2);
    expect(events).toEqual(['found tilt-default']);
  });

  test('is detected by events when the folder is created later, replaced, and created again', async () => {
    const deep = join(folder.folder, 'home', '.tilt-dev');
    const path = join(deep, 'config');
    const { events, snapshots } = discover({ kubeconfig: [path], pollMs: never, settleMs: never });
    await snapshots(1);
    await mkdir(deep, { recursive: true });
    await writeKubeconfig(path, { 'tilt-1': server });
    await snapshots(2);
    await rename(deep, `${deep}-old`);
    await mkdir(deep);
    await writeKubeconfig(path, { 'tilt-1': server, 'tilt-2': other });
    await snapshots(3);
    expect(events).toEqual(['found tilt-1', 'found tilt-2']);
  });

  test('is detected by polling when there are no events', async () => {
    const { events, snapshots } = discover({ events: () => ({ refresh: async () => {}, close: () => {} }) });
    await snapshots(1);
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    await snapshots(2);
    expect(events).toEqual(['found tilt-default']);
  });

  test('with the address of a new Tilt and the token of the old one is recognised as half written', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    const { events, snapshots, connected } = discover({ pollMs: never, settleMs: never });
    await connected('tilt-default');
    await server.stop();
    const half = { server: { url: other.url, tls: other.tls, token: server.token } };
    await writeFile(folder.path, formatKubeconfig({ 'tilt-default': half }));
    await writeFile(folder.path, formatKubeconfig({ 'tilt-default': other }));
    await snapshots(2);
    expect(events).toEqual(['found tilt-default', 'changed tilt-default']);
    await other.until(() => other.openWatches === 1);
  });

  test('in the second file of a path list is detected, and the first of a name counts', async () => {
    const [first, second] = [folder.path, join(folder.folder, 'second')];
    await writeKubeconfig(first, { 'tilt-1': server });
    const { events, snapshots } = discover({ kubeconfig: [first, second], pollMs: never, settleMs: never });
    await snapshots(1);
    await writeKubeconfig(second, { 'tilt-1': other, 'tilt-2': other });
    await snapshots(2);
    expect(events).toEqual(['found tilt-1', 'found tilt-2']);
  });
});

test('tilt discovery ignores a file that is written again with the same content', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { events, reader, snapshots } = discover();
  await snapshots(1);
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await writeKubeconfig(folder.path, { 'tilt-default': server, 'tilt-10360': other });
  await snapshots(2);
  expect(events).toEqual(['found tilt-default', 'found tilt-10360']);
  expect(reader.changes).toHaveLength(2);
});

describe('the contexts that tilt discovery follows', () => {
  test('are those that Tilt names, so that another cluster is never contacted unasked', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server, production: other });
    const { events, snapshots } = discover();
    await snapshots(1);
    expect(events).toEqual(['found tilt-default']);
    expect(other.requests).toEqual([]);
  });

  test('are only the given ones, if any', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server, production: other });
    const { events, snapshots } = discover({ contexts: ['production', 'elsewhere'] });
    await snapshots(1);
    expect(events).toEqual(['found production']);
  });

  test('include an unusable one, whose provider reports the reason', async () => {
    await writeKubeconfig(folder.path, {
      'tilt-default': { server: server, user: { exec: { command: 'aws' } } },
    });
    const { providers, snapshots } = discover();
    await snapshots(1);
    await expect(providers.get('tilt-default')?.check?.()).rejects.toMatchObject({ code: 'config' });
  });
});

describe('an error of the kubeconfig', () => {
  test('is reported as stale, known Tilts are kept, and a snapshot reports its end', async () => {
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    const { events, reader, snapshots } = discover();
    await snapshots(1);
    await appendFile(folder.path, '- half: "wri');
    await reader.until(() => reader.count('stale') === 1);
    expect(reader.staleReasons[0]).toMatch(new RegExp(`^${folder.path}: is not YAML: .* at line \\d+`));
    await writeKubeconfig(folder.path, { 'tilt-default': server });
    await snapshots(2);
    expect(events).toEqual(['found tilt-default']);
  });

  test('at the start is reported as stale, and the first snapshot follows its end', async () => {
    await writeFile(folder.path, 'contexts: 5');
    const { events, reader, snapshots } = discover();
    await reader.until(() => reader.count('stale') === 1);
    expect(reader.changes).toEqual([
      { type: 'stale', error: `${folder.path}: contexts: expected a list, got a number` },
    ]);
    await writeFile(folder.path, formatKubeconfig({ 'tilt-default': server }));
    await snapshots(1);
    expect(events).toEqual(['found tilt-default']);
  });
});

test('tilt discovery ends at once when the signal aborts while it is idle, and leaves no timer', async () => {
  const clock = createManualClock();
  const { reader, snapshots } = discover({ clock });
  await snapshots(1);
  controller.abort();
  expect(await reader.ended).toBeUndefined();
  expect(clock.pending).toBe(0);
});

test('tilt discovery does not find known Tilts again in a second watch()', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  const { events, discovery, reader, snapshots } = discover();
  await snapshots(1);
  controller.abort();
  await reader.ended;
  const second = new AbortController();
  const again = readChanges(discovery, second.signal);
  await again.until(() => again.count('snapshot') === 1);
  second.abort();
  expect(events).toEqual(['found tilt-default']);
});

/** Starts discovery in a gateway whose other sources have the names in `taken`. */
function discoverBesides(taken: ReadonlySet<string>, options: Partial<TiltDiscoveryOptions> = {}) {
  const attempts: string[] = [];
  const found: string[] = [];
  const discovery = discover({
    retryMs: 5,
    onFound(provider) {
      attempts.push(provider.name);
      if (taken.has(provider.name)) throw new ProviderError('config', `"${provider.name}" is in use`);
      found.push(provider.name);
      readChanges(provider, controller.signal);
    },
    ...options,
  });
  const until = (expected: Change) => expect.poll(() => discovery.reader.changes.at(-1)).toEqual(expected);
  return { ...discovery, attempts, found, until };
}

const allFollowed: Change = { type: 'snapshot', sessions: [] };
const notFollowed = (error: string): Change => ({ ...allFollowed, stale: [{ error }] });

describe('a Tilt whose name is in use by another source', () => {
  test('is an error that names all such Tilts, while the others are found and lost at once', async () => {
    await writeKubeconfig(folder.path, { a: server });
    const contexts = ['a', 'b', 'c', 'd', 'e'];
    const { events, found, until } = discoverBesides(new Set(['b', 'c']), { contexts, retryMs: 60_000 });
    await until(allFollowed);
    await writeKubeconfig(folder.path, { b: other, c: other, d: other });
    await until(notFollowed('"b" is in use; "c" is in use'));
    expect(found).toEqual(['a', 'd']);
    expect(events).toEqual([`lost a: its entry is no longer in ${folder.path}`]);
    await writeKubeconfig(folder.path, { b: other, c: other, d: other, e: other });
    await expect.poll(() => found).toEqual(['a', 'd', 'e']);
    await writeKubeconfig(folder.path, { b: other, c: other, e: other });
    await expect.poll(() => events.at(-1)).toBe(`lost d: its entry is no longer in ${folder.path}`);
    await writeKubeconfig(folder.path, { c: other });
    await until(notFollowed('"c" is in use'));
    await writeStoppedKubeconfig(folder.path);
    await until(allFollowed);
  });

  test('is tried again at intervals, found once the name is free, and reported once', async () => {
    await writeKubeconfig(folder.path, { 'tilt-1': server, 'tilt-2': other });
    const taken = new Set(['tilt-1', 'tilt-2']);
    const { attempts, found, reader } = discoverBesides(taken);
    await expect.poll(() => attempts.length).toBeGreaterThan(6);
    taken.delete('tilt-1');
    await expect.poll(() => found).toEqual(['tilt-1']);
    taken.clear();
    await reader.until(() => reader.count('snapshot') === 3);
    expect(found).toEqual(['tilt-1', 'tilt-2']);
    expect(reader.changes).toEqual([
      notFollowed('"tilt-1" is in use; "tilt-2" is in use'),
      notFollowed('"tilt-2" is in use'),
      allFollowed,
    ]);
  });

  test('does not hide that the kubeconfig cannot be read', async () => {
    await writeKubeconfig(folder.path, { 'tilt-1': server });
    const taken = new Set(['tilt-1']);
    const { found, reader, until } = discoverBesides(taken);
    await until(notFollowed('"tilt-1" is in use'));
    await appendFile(folder.path, '- half: "wri');
    await reader.until(() => reader.count('stale') === 1);
    taken.clear();
    await expect.poll(() => found).toEqual(['tilt-1']);
    expect(reader.changes.at(-1)).toMatchObject({ type: 'stale' });
    await writeKubeconfig(folder.path, { 'tilt-1': server });
    await until(allFollowed);
  });

  test('stays an error when it is the second Tilt of a context, which is not held for a restart again', async () => {
    await writeKubeconfig(folder.path, { 'tilt-0': server });
    const second = `tilt-0.${new URL(other.url).port}`;
    const { attempts, reader, until } = discoverBesides(new Set([second]), { graceMs: 20 });
    await server.until(() => server.openWatches > 0);
    await writeKubeconfig(folder.path, { 'tilt-0': other });
    await until(notFollowed(`"${second}" is in use`));
    const { length } = attempts;
    await expect.poll(() => attempts.length).toBeGreaterThan(length + 5);
    expect(reader.changes).toEqual([allFollowed, notFollowed(`"${second}" is in use`)]);
  });
});

test('tilt discovery takes all other steps when one fails unexpectedly, which ends the watch', async () => {
  await writeKubeconfig(folder.path, { a: server });
  const defect = new TypeError('a defect');
  const found: string[] = [];
  const { events, reader, snapshots } = discover({
    contexts: ['a', 'b', 'c'],
    onFound({ name }) {
      if (name === 'b') throw defect;
      found.push(name);
    },
  });
  await snapshots(1);
  await writeKubeconfig(folder.path, { b: other, c: other });
  expect(await reader.ended).toBe(defect);
  expect(found).toEqual(['a', 'c']);
  expect(events).toEqual([`lost a: its entry is no longer in ${folder.path}`]);
});

test('tilt discovery finds a crashed Tilt whose entry still exists, and reports that it cannot be reached', async () => {
  await writeKubeconfig(folder.path, { 'tilt-default': server });
  await server.stop();
  const { providers, snapshots } = discover();
  await snapshots(1);
  const provider = providers.get('tilt-default');
  if (!provider) throw new Error('expected a provider');
  expect(await readChanges(provider, controller.signal).ended).toMatchObject({ code: 'unreachable' });
});
