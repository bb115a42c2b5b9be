import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { hudCiStates } from './hud-ci.js';
import { readHudRecording } from './hud-view.js';
import type { TiltCommandOptions } from './tilt-command.js';
import { startTiltHud, type TiltHud } from './tilt-hud.js';
import { createTiltServer } from './tilt-server.js';

// Entry point of the process that `startTiltCommand` starts.
const options: TiltCommandOptions = JSON.parse(process.argv[2] ?? '{}');
const { kubeconfig, exitCondition = 'ci', ends = 'pass', livesMs = 500 } = options;
const hud = options.logReaders === undefined ? null : await startTiltHud();
const context = options.context ?? hud?.context ?? 'tilt-default';
const uid = randomUUID();
const startTime = now();
const server = await createTiltServer({ kinds: ['uiresources', 'clusters'] });
const lists = ['clusters', 'users', 'contexts'] as const;

if (hud !== null) await replayLogs(hud, options.logReaders ?? 1);
server.put(session({ targets: null, done: false }));
const finishing = once(process, 'SIGUSR2');
const readersPresent = options.readers === undefined ? null : waitForReaders(options.readers);
await withLock(addEntry);
process.once('SIGINT', () => void leave(options.exitCode ?? 0));
process.once('SIGTERM', () => void leave(options.exitCode ?? 0));
if (ends !== 'tiltfile-error') server.put(session({ targets: targets('running'), done: false }));
if (ends === 'never') {
  server.put(session({ targets: targets('succeeded'), done: false }));
  await new Promise(() => setInterval(() => {}, 60_000));
}
if (options.untilWatched) await untilOpen(1);
if (readersPresent) {
  await sleep(livesMs);
  await readersPresent;
} else await Promise.race([sleep(livesMs), finishing]);
server.put(session(lastStatus()));
if (readersPresent) await server.drained();
await sleep(10);
await leave(options.exitCode ?? (ends === 'pass' ? 0 : 1));

/** Plays a recorded `tilt ci` to its end, and exits. */
async function replayLogs(logs: TiltHud, readers: number): Promise<never> {
  const states = hudCiStates(uid, { pid: process.pid, startTime });
  const messages = readHudRecording('hud-ci');
  for (const state of states.slice(0, -1)) server.put(state.session);
  for (const { message } of messages.slice(0, -1)) logs.send(message);
  writeFileSync(join(dirname(kubeconfig), 'token'), logs.token);
  await withLock(addEntry);
  await Promise.all([
    server.until(() => server.openWatches >= Math.max(readers, 1)),
    logs.until(() => logs.open >= readers),
  ]);
  for (const state of states.slice(-1)) server.put(state.session);
  for (const { message } of messages.slice(-1)) logs.send(message);
  await sleep(6);
  logs.cut();
  return leave(options.exitCode ?? 1);
}

async function waitForReaders(count: number): Promise<void> {
  await finishing;
  await untilOpen(count);
}

async function untilOpen(watches: number): Promise<void> {
  await Promise.race([server.until(() => server.openWatches >= watches), sleep(10_000)]);
}

async function leave(code: number): Promise<never> {
  await server.stop();
  await withLock(removeEntry);
  process.exit(code);
}

function lastStatus(): object {
  if (ends === 'pass') return { targets: targets('succeeded'), done: exitCondition === 'ci' };
  if (ends === 'fail') {
    const error = 'Command "exit 1" failed: exit status 1';
    return { targets: targets('failed'), done: exitCondition === 'ci', error };
  }
  const error =
    'Traceback (most recent call last):\n  /home/dev/shop/Tiltfile:1:5: in <toplevel>\n  <builtin>: in fail\nError: nope';
  const state = { terminated: { startTime, finishTime: now(), error } };
  return {
    targets: [{ name: 'tiltfile:update', type: 'job', resources: ['(Tiltfile)'], state }],
    done: exitCondition === 'ci',
    error,
  };
}

function targets(unit: 'running' | 'succeeded' | 'failed'): object[] {
  const ended = { startTime, finishTime: now() };
  const states = {
    running: { active: { startTime, ready: false, lastReadyTime: null } },
    succeeded: { terminated: ended },
    failed: { terminated: { ...ended, error: 'Command "exit 1" failed: exit status 1' } },
  };
  return [
    { name: 'tiltfile:update', type: 'job', resources: ['(Tiltfile)'], state: { terminated: ended } },
    { name: 'unit:update', type: 'job', resources: ['unit'], state: states[unit] },
  ];
}

function session(status: object) {
  return {
    kind: 'Session',
    apiVersion: 'tilt.dev/v1alpha1',
    metadata: { name: 'Tiltfile', uid, creationTimestamp: `${startTime.slice(0, 19)}Z` },
    spec: { tiltfilePath: options.tiltfile ?? '/home/dev/shop/Tiltfile', exitCondition },
    status: { pid: process.pid, startTime, ...status },
  };
}

function now(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

/**
 * Like client-go's `ModifyConfig`: writes cluster, user and context one by one, truncating the file each
 * time.
 */
function addEntry(): void {
  const entries = {
    clusters: {
      cluster: {
        'certificate-authority-data': Buffer.from(server.tls.ca).toString('base64'),
        server: server.url,
      },
      name: context,
    },
    users: { name: context, user: { token: server.token } },
    contexts: { context: { cluster: context, user: context }, name: context },
  };
  for (const list of lists) edit(list, (items) => [...items, entries[list]]);
}

function removeEntry(): void {
  for (const list of lists) edit(list, (items) => items);
}

/** Like client-go: `<kubeconfig>.lock` exists while a process changes the file. */
async function withLock(change: () => void): Promise<void> {
  const lock = `${kubeconfig}.lock`;
  mkdirSync(dirname(kubeconfig), { recursive: true });
  while (!tryLock(lock)) await sleep(5);
  change();
  rmSync(lock);
}

function tryLock(lock: string): boolean {
  try {
    closeSync(openSync(lock, 'wx'));
    return true;
  } catch {
    return false;
  }
}

function edit(list: (typeof lists)[number], change: (others: readonly object[]) => readonly object[]): void {
  const config = readConfig();
  const others = (config[list] ?? []).filter(({ name }: { readonly name: string }) => name !== context);
  const items = change(others);
  writeFileSync(kubeconfig, stringify({ ...config, [list]: items.length === 0 ? null : items }));
}

function readConfig() {
  const empty = {
    apiVersion: 'v1',
    clusters: null,
    contexts: null,
    'current-context': '',
    kind: 'Config',
    users: null,
  };
  try {
    return { ...empty, ...parse(readFileSync(kubeconfig, 'utf8')) };
  } catch {
    return empty;
  }
}
