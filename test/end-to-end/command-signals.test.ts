import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../dist/bin/tilt-graphql.js', import.meta.url));

/** Says each SIGINT and SIGHUP as it comes, and at SIGTERM how many they were. */
const COUNTER = `
  let count = 0;
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => console.log(signal, ++count));
  process.on('SIGTERM', () => { console.log('in all', count); process.exit(9); });
  setTimeout(() => process.exit(1), 60_000);
  console.log('publisher', process.ppid);`;

const PUBLISH = [
  BIN,
  'publish',
  '--to',
  'nats://127.0.0.1:1/none',
  '--deadline',
  '1ms',
  '--log-level',
  'silent',
];
const COMMAND = [process.execPath, ...PUBLISH, '--', process.execPath, '-e', COUNTER];

/** Runs something in a session of its own, that is without the terminal in which the tests may run. */
function run(file: string, args: readonly string[]) {
  const child = spawn(file, args, {
    detached: true,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config' },
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code);
  return {
    exit,
    async until(pattern: RegExp): Promise<string> {
      await expect.poll(() => said, { timeout: 20_000 }).toMatch(pattern);
      return pattern.exec(said)?.[1] ?? '';
    },
    type: (text: string) => child.stdin.write(text),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

describe('a command that has ended', () => {
  it('leaves its publisher the time for its final state: signals no longer end that, and the exit code stands', async () => {
    const [file = '', ...words] = [process.execPath, ...PUBLISH, '--deadline', '3s', '--instance', 'x'];
    const command = ['sh', '-c', 'echo publisher $PPID; exit 6'];
    await using publisher = run(file, [...words, '--', ...command]);
    const pid = Number(await publisher.until(/publisher (\d+)/));
    const children = () => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
    await expect.poll(children, { timeout: 20_000 }).toBe('');
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    expect(await publisher.exit).toBe(6);
  });
});

describe('a command that is run', () => {
  it.each(['SIGINT', 'SIGHUP'] as const)(
    'is handed a %s that comes to the publisher alone',
    async (signal) => {
      const [file = '', ...args] = COMMAND;
      await using publisher = run(file, args);
      const pid = Number(await publisher.until(/publisher (\d+)/));
      process.kill(pid, signal);
      await publisher.until(new RegExp(`${signal} 1`));
      process.kill(pid, 'SIGTERM');
      await publisher.until(/in all 1\b/);
      expect(await publisher.exit).toBe(9);
    },
  );

  it('gets the Ctrl-C of its terminal once, since that comes to it anyway', async () => {
    const quoted = COMMAND.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    await using terminal = run('script', ['--quiet', '--command', quoted, '/dev/null']);
    const pid = Number(await terminal.until(/publisher (\d+)/));
    // Two that come in one go are one: the publisher is held until the command has had the terminal's.
    process.kill(pid, 'SIGSTOP');
    terminal.type('\u0003');
    await terminal.until(/SIGINT 1/);
    process.kill(pid, 'SIGCONT');
    // What the publisher would hand on of it, it would hand on before this.
    process.kill(pid, 'SIGTERM');
    await terminal.until(/in all 1\b/);
    await terminal.exit;
  });
});
