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

/** Follows a file whose content is its text; text with "bad" in it makes no sense. */
function follow(path = folder.path) {
  const clock = createManualClock();
  const controller = new AbortController();
  const said: string[] = [];
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
      onContent: (text) => said.push(text),
      onError: (message) => said.push(`error: ${message}`),
    },
    controller.signal,
  );
  return { clock, said, ended, abort: () => controller.abort(), reads: () => reads };
}

/** Lets the look in progress come to its next pause, which is a timer. */
async function paused(clock: ManualClock): Promise<void> {
  while (clock.pending === 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets one pause go by, and what follows it until the next. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  await paused(clock);
  await clock.advance(ms);
  await paused(clock);
}

/** Lets a change be seen, settle and be read. */
async function passChange(clock: ManualClock): Promise<void> {
  await pass(clock, POLL_MS);
  await pass(clock, SETTLE_MS);
}

test('reads the file at once, and then only when it has changed', async () => {
  await writeFile(folder.path, 'one');
  const { clock, said, reads, abort } = follow();
  await paused(clock);
  expect(said).toEqual(['one']);
  await pass(clock, POLL_MS);
  expect(reads()).toBe(1);
  await writeFile(folder.path, 'three');
  await passChange(clock);
  await replaceFile(folder.path, 'seven');
  await passChange(clock);
  expect(said).toEqual(['one', 'three', 'seven']);
  abort();
});

test('sees a change that leaves the size as it is and sets the time back', async () => {
  await writeFile(folder.path, 'one');
  const { clock, said, abort } = follow();
  await paused(clock);
  await writeFile(folder.path, 'two');
  await utimes(folder.path, 1, 1);
  await passChange(clock);
  expect(said).toEqual(['one', 'two']);
  abort();
});

test('a file, or even its folder, may come later and go again', async () => {
  const path = join(folder.folder, 'later', 'config');
  const { clock, said, abort } = follow(path);
  await paused(clock);
  await mkdir(dirname(path));
  await writeFile(path, 'one');
  await passChange(clock);
  await rm(dirname(path), { recursive: true });
  await passChange(clock);
  expect(said).toEqual(['none', 'one', 'none']);
  abort();
});

test('a file that is being written is not read before it has held still', async () => {
  await writeFile(folder.path, 'one');
  const { clock, said, abort } = follow();
  await paused(clock);
  await writeFile(folder.path, '');
  await pass(clock, POLL_MS);
  await writeFile(folder.path, 'half');
  await pass(clock, SETTLE_MS);
  await writeFile(folder.path, 'whole');
  await pass(clock, SETTLE_MS);
  expect(said).toEqual(['one']);
  await pass(clock, SETTLE_MS);
  expect(said).toEqual(['one', 'whole']);
  abort();
});

describe('trouble', () => {
  test('is told once, and its end is told even if the content is as it was before', async () => {
    await writeFile(folder.path, 'one');
    const { clock, said, reads, abort } = follow();
    await paused(clock);
    await writeFile(folder.path, 'bad');
    await passChange(clock);
    await passChange(clock);
    await passChange(clock);
    expect(reads()).toBe(4);
    await writeFile(folder.path, 'one');
    await passChange(clock);
    expect(said).toEqual(['one', 'error: bad', 'one']);
    abort();
  });

  test('of another kind is told again, and so is the same after it was over', async () => {
    await writeFile(folder.path, 'bad');
    const { clock, said, abort } = follow();
    await paused(clock);
    for (const text of ['bad too', 'good', 'bad too']) {
      await writeFile(folder.path, text);
      await passChange(clock);
    }
    expect(said).toEqual(['error: bad', 'error: bad too', 'good', 'error: bad too']);
    abort();
  });

  test('with the system is told by its code', async () => {
    await mkdir(folder.path);
    const { clock, said, abort } = follow();
    await paused(clock);
    expect(said).toEqual([`error: ${folder.path}: cannot be read: EISDIR`]);
    abort();
  });
});

test('ends at once when the signal aborts, and leaves no timer', async () => {
  const { clock, ended, abort } = follow();
  await paused(clock);
  abort();
  await ended;
  expect(clock.pending).toBe(0);
});

test('a mistake of whoever is told is thrown', async () => {
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
