import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const BIN = fileURLToPath(new URL('../../dist/bin/tilt-graphql.js', import.meta.url));

/** Prints each SIGINT and SIGHUP when it arrives, and their number on SIGTERM. */
const COUNTER = `
  let count = 0;
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => console.log(signal, ++count));
  process.on('SIGTERM', () => { console.log('in all', count); process.exit(9); });
  setTimeout(() => process.exit(1), 60_000);
  console.log('publisher', process.ppid);`;

const PUBLISH = [BIN, 'publish', '--to', 'nats://127.0.0.1:1/none', '--log-level', 'silent'];
const COMMAND = [process.execPath, ...PUBLISH, '--deadline', '1ms', '--', process.execPath, '-e', COUNTER];

/** Runs a program in its own session, without the terminal of the test run. */
function run(file: string, args: readonly string[]) {
  const child = spawn(file, args, {
    detached: true,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config' },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  const exit = once(child, 'close').then(([code]: (number | null)[]) => code);
  return {
    exit,
    async until(pattern: RegExp): Promise<string> {
      await expect.poll(() => output, { timeout: 20_000 }).toMatch(pattern);
      return pattern.exec(output)?.[1] ?? '';
    },
    type: (text: string) => child.stdin.write(text),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

describe('publish -- COMMAND, after the command has ended', () => {
  it('ignores further signals while it writes the final state, and keeps the exit code of the command', async () => {
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

describe('publish -- COMMAND, while the command runs', () => {
  it.each(['SIGINT', 'SIGHUP'] as const)('forwards a %s that only the publisher received', async (signal) => {
    const [file = '', ...args] = COMMAND;
    await using publisher = run(file, args);
    const pid = Number(await publisher.until(/publisher (\d+)/));
    process.kill(pid, signal);
    await publisher.until(new RegExp(`${signal} 1`));
    process.kill(pid, 'SIGTERM');
    await publisher.until(/in all 1\b/);
    expect(await publisher.exit).toBe(9);
  });

  it('does not forward a Ctrl-C of the terminal, which the command receives anyway', async () => {
    const quoted = COMMAND.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
    await using terminal = run('script', ['--quiet', '--command', quoted, '/dev/null']);
    const pid = Number(await terminal.until(/publisher (\d+)/));
    // Two signals that arrive together would count as one, so the publisher is stopped until the command has
    // received the terminal's.
    process.kill(pid, 'SIGSTOP');
    terminal.type('\u0003');
    await terminal.until(/SIGINT 1/);
    process.kill(pid, 'SIGCONT');
    // Signals are forwarded in order: a forwarded SIGINT would arrive before this SIGTERM.
    process.kill(pid, 'SIGTERM');
    await terminal.until(/in all 1\b/);
    await terminal.exit;
  });
});
