import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REPORTER = resolve('test/support/plain-reporter.ts');
const VITEST = resolve('node_modules/vitest/vitest.mjs');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-reporter-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Files with one test that passes, and failures of each kind. */
const FILES = {
  'tests.test.js': `
    test('good', () => {});
    test('bad', () => { throw new Error('bad'); });
    test.skip('skipped', () => {});
  `,
  'suite-hook.test.js': `describe('suite', () => { beforeAll(() => { throw 1; }); test('a', () => {}); });`,
  'file-hook.test.js': `beforeAll(() => { throw 1; }); test('a', () => {});`,
  'syntax.test.js': 'throw new Error();',
};

/** Runs Vitest on these files, and returns the last line that it prints. */
async function lastLineOf(...args: string[]): Promise<string | undefined> {
  for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
  const command = [VITEST, 'run', '--root', folder, '--globals', '--reporter', REPORTER, ...args];
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, command, (_, stdout) => done(stdout));
  });
  return output.trimEnd().split('\n').at(-1);
}

describe('the last line of a test run', () => {
  it('the last line of a test run counts failures of tests, hooks of suites and files, and of loading', async () => {
    expect(await lastLineOf()).toBe('1 passed, 4 failed, 3 skipped');
  });

  it('the last line of a test run counts tests that -t excludes as skipped', async () => {
    expect(await lastLineOf('tests.test.js', '-t', 'good')).toBe('1 passed, 0 failed, 2 skipped');
  });
});
