import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { followFiles } from '../../src/lib/file-watcher.js';
import { createKubeconfigFolder, replaceFile } from '../support/kubeconfig-file.js';
import { createManualClock, type ManualClock } from '../support/manual-clock.js';

const POLL_MS = 500;
const SETTLE_MS = 50;

let folder: Awaited<ReturnType<typeof createKubeconfigFolder>>;
beforeEach(async () => {
  folder = await createKubeconfigFolder();
});
afterEach(() => folder[Symbol.asyncDispose]());

class UnusableText extends Error {}

/** Follows a file whose content is its text. Text that contains "bad" is invalid. */
function follow(path = folder.path) {
  const clock = createManualClock();
  const controller = new AbortController();
  const events: string[] = [];
  let reads = 0;
  const ended = followFiles(
    {
      paths: [path],
      clock,
      pollMs: POLL_MS,
      settleMs: SETTLE_MS,
      async read(exists) {
        reads += 1;
        const text = exists ? await readFile(path, 'utf8') : 'none';
        if (text.includes('bad')) throw new UnusableText(text);
        return text;
      },
      describeError: (error) => (error instanceof UnusableText ? error.message : null),
      onContent: (text) => events.push(text),
      onError: (message) => events.push(`error: ${message}`),
    },
    controller.signal,
  );
  return { clock, events, ended, abort: () => controller.abort(), reads: () => reads };
}

/** Waits until the current check pauses, which sets a timer. */
async function paused(clock: ManualClock): Promise<void> {
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Passes one pause and the check that follows it. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  await paused(clock);
  await clock.advance(ms);
  await paused(clock);
}

/** Waits until a change is detected, has settled and is read. */
async function passChange(clock: ManualClock): Promise<void> {
  await pass(clock, POLL_MS);
  await pass(clock, SETTLE_MS);
}

test('followFiles reads a file at once, and later only when it has changed', async () => {
  await writeFile(folder.path, 'one');
  const { clock, events, reads, abort } = follow();
  await paused(clock);
  expect(events).toEqual(['one']);
  await pass(clock, POLL_MS);
  expect(reads()).toBe(1);
  await writeFile(folder.path, 'three');
  await passChange(clock);
  await replaceFile(folder.path, 'seven');
  await passChange(clock);
  expect(events).toEqual(['one', 'three', 'seven']);
  abort();
});

test('followFiles detects a change that keeps the size and sets the time back', async () => {
  await writeFile(folder.path, 'one');
  const { clock, events, abort } = follow();
  await paused(clock);
  await writeFile(folder.path, 'two');
  await utimes(folder.path, 1, 1);
  await passChange(clock);
  expect(events).toEqual(['one', 'two']);
  abort();
});

test('followFiles follows a file, and even its folder, that is created later and deleted again', async () => {
  const path = join(folder.folder, 'later', 'config');
  const { clock, events, abort } = follow(path);
  await paused(clock);
  await mkdir(dirname(path));
  await writeFile(path, 'one');
  await passChange(clock);
  await rm(dirname(path), { recursive: true });
  await passChange(clock);
  expect(events).toEqual(['none', 'one', 'none']);
  abort();
});

test('followFiles reads a file that is being written only after it has settled', async () => {
  await writeFile(folder.path, 'one');
  const { clock, events, abort } = follow();
  await paused(clock);
  await writeFile(folder.path, '');
  await pass(clock, POLL_MS);
  await writeFile(folder.path, 'half');
  await pass(clock, SETTLE_MS);
  await writeFile(folder.path, 'whole');
  await pass(clock, SETTLE_MS);
  expect(events).toEqual(['one']);
  await pass(clock, SETTLE_MS);
  expect(events).toEqual(['one', 'whole']);
  abort();
});

describe('followFiles: an error', () => {
  test('is reported once, and the content again after it, even when that is unchanged', async () => {
    await writeFile(folder.path, 'one');
    const { clock, events, reads, abort } = follow();
    await paused(clock);
    await writeFile(folder.path, 'bad');
    await passChange(clock);
    await passChange(clock);
    await passChange(clock);
    expect(reads()).toBe(4);
    await writeFile(folder.path, 'one');
    await passChange(clock);
    expect(events).toEqual(['one', 'error: bad', 'one']);
    abort();
  });

  test('is reported again when it differs, or returns after it was resolved', async () => {
    await writeFile(folder.path, 'bad');
    const { clock, events, abort } = follow();
    await paused(clock);
    for (const text of ['bad too', 'good', 'bad too']) {
      await writeFile(folder.path, text);
      await passChange(clock);
    }
    expect(events).toEqual(['error: bad', 'error: bad too', 'good', 'error: bad too']);
    abort();
  });

  test('of the operating system is reported with its code', async () => {
    await mkdir(folder.path);
    const { clock, events, abort } = follow();
    await paused(clock);
    expect(events).toEqual([`error: ${folder.path}: cannot be read: EISDIR`]);
    abort();
  });
});

test('followFiles ends at once when the signal aborts, and leaves no timer', async () => {
  const { clock, ended, abort } = follow();
  await paused(clock);
  abort();
  await ended;
  expect(clock.pending).toBe(0);
});

test('followFiles rejects with an error that a callback throws', async () => {
  const clock = createManualClock();
  const options = { paths: [folder.path], clock, pollMs: POLL_MS, settleMs: SETTLE_MS };
  const onContent = () => {
    throw new Error('a mistake');
  };
  const ended = followFiles(
    { ...options, read: async () => 1, onContent, describeError: () => null, onError: () => {} },
    new AbortController().signal,
  );
  await expect(ended).rejects.toThrow('a mistake');
});
