import { describe, expect, it } from 'vitest';
import type { SessionLog } from '../../src/model/log.js';
import { type RunningCommand, runCli } from '../support/cli.js';
import { startMemoryGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { session } from '../support/sessions.js';
import { runShell } from '../support/shell.js';
import { openTcpProxy } from '../support/tcp-proxy.js';

const ID = 'a/Tiltfile';

/**
 * Starts a gateway with the Session `a/Tiltfile`, and runs `logs` against it. A removed Session is deleted.
 */
async function start(log: SessionLog | null = createTestLog()) {
  const sessions = [session('a', { 'api:update': 'failed', 'web:serve': 'ready' })];
  const gateway = await startMemoryGateway(sessions, { retainMs: 0 });
  const proxy = await openTcpProxy(Number(new URL(gateway.url).port));
  gateway.source.setLog(ID, log);
  const running: RunningCommand[] = [];

  return {
    gateway,
    proxy,
    run(...args: readonly string[]) {
      const command = runCli(['logs', ...args], { TILT_GRAPHQL_URL: `http://127.0.0.1:${proxy.port}` });
      running.push(command);
      return command;
    },
    async runToEnd(...args: readonly string[]) {
      const command = this.run(...args);
      const code = await command.exit;
      return { code, stdout: command.stdout, stderr: command.stderr };
    },
    async [Symbol.asyncDispose]() {
      for (const command of running) await command[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

describe('tilt-graphql logs', () => {
  it('logs prints the last lines of all resources with their names, or of one without', async () => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(
      logLine('\u001b[31mred\u001b[0m', { time: '2026-11-22T12:00:00.000001Z' }),
      logLine('  indented\tby two', { resource: 'web', time: '2026-11-22T12:00:00.000002Z' }),
      logLine('careful', { level: 'warn', time: '2026-11-22T12:00:00.000003Z' }),
    );
    expect(await cli.runToEnd()).toEqual({
      code: 0,
      stdout: 'api │ red\nweb │   indented    by two\napi │ careful\n',
      stderr: '',
    });
    expect((await cli.runToEnd('api')).stdout).toBe('red\ncareful\n');
    expect((await cli.runToEnd('web', 'api', 'web')).stdout).toBe(
      'api │ red\nweb │   indented    by two\napi │ careful\n',
    );
    expect((await cli.runToEnd('-n', '1')).stdout).toBe('api │ careful\n');
    expect((await cli.runToEnd('--level', 'WARN', '-s', ID)).stdout).toBe('api │ careful\n');
    expect((await cli.runToEnd('-o', 'json', '--level', 'warn')).stdout).toBe(
      `${JSON.stringify({
        session: ID,
        time: '2026-11-22T12:00:00.000003Z',
        level: 'WARN',
        resource: 'api',
        target: 'api:update',
        text: 'careful',
      })}\n`,
    );
  });

  it('logs --follow prints new lines, continues after a reconnect, and exits 130 at Ctrl-C', async () => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(logLine('one'));
    const command = cli.run('--follow', 'api', 'web');
    await command.until(/one\n/);
    log.append(logLine('two', { resource: 'web' }));
    await command.until(/two\n/);
    cli.proxy.cut();
    await expect.poll(() => command.stderr).toContain('; reconnecting\n');
    log.append(logLine('three'));
    cli.proxy.restore();
    await command.until(/three\n/);
    expect(command.stdout).toBe('api │ one\nweb │ two\napi │ three\n');
    command.process.kill('SIGINT');
    expect(await command.exit).toBe(130);
  });

  it('logs --follow reports that lines may be missing after a reconnect, or that a new log starts', async () => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(logLine('before'));
    const command = cli.run('--follow', 'api');
    await expect.poll(() => command.stdout).toBe('before\n');
    cli.proxy.cut();
    await expect.poll(() => command.stderr).toContain('; reconnecting\n');
    log.append(...Array.from({ length: 1_500 }, (_, index) => logLine(`${index}`)));
    cli.proxy.restore();
    await expect.poll(() => command.stdout).toMatch(/^before\n500\n[\s\S]*1499\n$/);
    const missing = 'tilt-graphql: lines of api may be missing here, or a new log starts\n';
    expect(command.stderr).toMatch(new RegExp(`; reconnecting\n${missing}$`));
    const next = createTestLog();
    next.append(logLine('new'));
    cli.gateway.source.setLog(ID, next);
    await expect.poll(() => command.stdout).toContain('1499\nnew\n');
    expect(command.stderr).toMatch(new RegExp(`(?:${missing}){2}$`));
  });

  it('logs --follow exits 0 when the reader of its output leaves', async () => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(logLine('one'));
    const command = cli.run('-f');
    await command.until(/one\n/);
    command.process.stdout.destroy();
    log.append(logLine('two'));
    expect([await command.exit, command.stderr]).toEqual([0, '']);
  });

  it.each(['', '--follow'])('a full disk at standard output ends logs %s with an error', async (option) => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(logLine('one'));
    const { code, stderr } = await runShell(`tilt-graphql logs ${option} >/dev/full`, {
      TILT_GRAPHQL_URL: cli.gateway.url,
    });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^tilt-graphql: cannot write to standard output: .*ENOSPC.*\n$/),
    ]);
  });

  it('logs exits 3 with one line if there is no log, no such Session or resource, or no gateway', async () => {
    await using cli = await start(null);
    const errorOf = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await cli.runToEnd(...args);
      return [code, stdout, stderr];
    };
    const noLog = `tilt-graphql: ${ID} has no log here: ask the gateway next to its Tilt, started with --logs\n`;
    expect(await errorOf()).toEqual([3, '', noLog]);
    expect(await errorOf('--follow')).toEqual([3, '', noLog]);
    expect(await errorOf('-s', 'b/Tiltfile')).toEqual([
      3,
      '',
      `tilt-graphql: Session b/Tiltfile not found; known: ${ID} (LIVE, FAILED)\n`,
    ]);
    const log = createTestLog();
    log.append(logLine('one'));
    cli.gateway.source.setLog(ID, log);
    expect(await errorOf('web')).toEqual([0, '', '']);
    expect(await errorOf('api', 'nope')).toEqual([
      3,
      'api │ one\n',
      `tilt-graphql: ${ID} has no resource nope; known: api, tiltfile, web\n`,
    ]);
    // The Session of a source with the name of its instance, as each Tilt is.
    cli.gateway.source.put(session('memory'));
    const notRead = 'has no log: the gateway reads the logs of Tilts only if it is started with --logs';
    expect(await errorOf('-s', 'memory/Tiltfile')).toEqual([
      3,
      '',
      `tilt-graphql: memory/Tiltfile ${notRead}\n`,
    ]);
    cli.proxy.cut();
    expect(await errorOf()).toEqual([3, '', expect.stringMatching(/^tilt-graphql: http\S+ .*\n$/)]);
  });

  it('logs --follow waits for a Session that does not exist yet, and for its log', async () => {
    await using cli = await start();
    const command = cli.run('-f', '-s', 'b/Tiltfile');
    await expect
      .poll(() => command.stderr)
      .toBe(`tilt-graphql: Session b/Tiltfile not found, waiting for it; known: ${ID} (LIVE, FAILED)\n`);
    cli.gateway.source.put(session('b'));
    await expect.poll(() => command.stderr, { timeout: 5_000 }).toContain('b/Tiltfile has no log here: ');
    const log = createTestLog();
    cli.gateway.source.setLog('b/Tiltfile', log);
    log.append(logLine('started', { resource: '(Tiltfile)' }));
    await command.until(/\(Tiltfile\) │ started\n/);
  });

  it('logs --follow names the Session of each line, also when it continues with another one', async () => {
    const log = createTestLog();
    await using cli = await start(log);
    log.append(logLine('one'));
    const [json, text] = [cli.run('-f', '-o', 'json', 'api', 'web'), cli.run('-f', 'api', 'web')];
    await json.until(/one/);
    await text.until(/one/);
    const next = createTestLog();
    next.append(logLine('two'));
    cli.gateway.source.put(session('b', { 'api:update': 'ready' }));
    cli.gateway.source.setLog('b/Tiltfile', next);
    cli.gateway.source.remove(ID);
    await json.until(/two/);
    await text.until(/two/);
    const labels = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(labels).toMatchObject([
      { session: ID, text: 'one' },
      { session: 'b/Tiltfile', text: 'two' },
    ]);
    expect(text.stdout).toBe('api │ one\napi │ two\n');
    for (const command of [json, text]) {
      await expect
        .poll(() => command.stderr)
        .toBe(
          'tilt-graphql: the log is now that of b/Tiltfile\n' +
            'tilt-graphql: b/Tiltfile has no resource web; known: api, tiltfile\n',
        );
    }
  });

  it.each([
    [['--last', '1001'], 'Expected a number from 0 to 1000.'],
    [['--level', 'loud'], 'Allowed choices are debug, verbose, info, warn, error.'],
  ])('logs %s is rejected', async (args, message) => {
    await using command = runCli(['logs', ...args]);
    expect(await command.exit).toBe(2);
    expect(command.stderr).toContain(message);
  });

  it('the shell completes the names of resources', async () => {
    await using cli = await start();
    await using command = runCli(['complete', '--', 'logs', 'api', 'w'], {
      TILT_GRAPHQL_URL: cli.gateway.url,
    });
    expect(await command.exit).toBe(0);
    expect(command.stdout).toBe('web\t\n:4\n');
  });
});
