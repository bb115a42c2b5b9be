import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BIN } from '../support/cli.js';
import { type CliClients, startCliClients } from '../support/cli-client.js';
import { withExcerpt } from '../support/excerpts.js';
import { startMemoryGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { session } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';
import { openTmux, type TmuxTerminal } from '../support/tmux.js';

const run = promisify(execFile);

describe('the live table of tilt-graphql watch, when it is stopped', () => {
  /** Opens the table after a line of shell output. */
  async function open(clients: CliClients, command = 'tilt-graphql watch'): Promise<TmuxTerminal> {
    await clients.play('ci-ok', 6);
    const terminal = await openTmux({ TILT_GRAPHQL_URL: clients.gateway.origin });
    await terminal.type(`echo before; ${command}`);
    await terminal.press('Enter');
    await terminal.until(/^tilt-default\/Tiltfile {2}PENDING/);
    return terminal;
  }

  /**
   * Continues the stopped table beyond its redraw interval, quits, and expects only the shell's own lines.
   */
  async function continueAndQuit(terminal: TmuxTerminal): Promise<void> {
    await terminal.type('sleep 1.5; fg');
    await terminal.press('Enter');
    await terminal.until(/^tilt-default\/Tiltfile {2}PENDING/);
    await terminal.press('q');
    await terminal.until(/^\$ echo before[\s\S]*\$ sleep 1.5; fg\n[\s\S]*\n\$\n*$/);
    expect(await terminal.screen()).not.toMatch(/PHASE|Tiltfile {2}/);
    await terminal.type('echo "ty""ped"');
    await terminal.press('Enter');
    await terminal.until(/\$ echo "ty""ped"\ntyped\n/);
  }

  it('by Ctrl-Z restores the screen, also after fg and q', async () => {
    await using clients = await startCliClients();
    await using terminal = await open(clients);
    await terminal.press('C-z');
    await terminal.until(/before\n.*Stopped.*\n\$\n/s);
    expect(await terminal.screen()).not.toContain('PHASE');
    await continueAndQuit(terminal);
  });

  it('by Ctrl-Z returns to the shell prompt, also when another program started it', async () => {
    await using clients = await startCliClients();
    await using terminal = await open(
      clients,
      `sh -c '"$0" "$1" watch; true' '${process.execPath}' '${BIN}'`,
    );
    await terminal.press('C-z');
    await terminal.until(/before\n.*Stopped.*\n\$\n/s);
    await continueAndQuit(terminal);
  });

  it('by SIGTSTP of another process restores the screen, also after fg and q', async () => {
    await using clients = await startCliClients();
    await using folder = await createTemporaryFolder();
    const pid = folder.file('pid');
    const command = `sh -c 'echo $$ >${pid}; exec "$0" "$@"' '${process.execPath}' '${BIN}' watch`;
    await using terminal = await open(clients, command);
    process.kill(Number(await readFile(pid, 'utf8')), 'SIGTSTP');
    await terminal.until(/before\n.*Stopped.*\n\$\n/s);
    expect(await terminal.screen()).not.toContain('PHASE');
    await continueAndQuit(terminal);
  });

  it('by Ctrl-Z continues at once when no shell could continue it', async () => {
    await using clients = await startCliClients();
    await using terminal = await open(clients, `exec '${process.execPath}' '${BIN}' watch`);
    await terminal.press('C-z');
    await terminal.press('/');
    await terminal.type('unit');
    await terminal.until(/\/unit/);
  });
});

describe('the live table of tilt-graphql watch on a terminal that reports 0 × 0', () => {
  /** Lines of the first frame, without styles. */
  async function firstFrame(clients: CliClients, size: string): Promise<string[]> {
    const watch = `'${process.execPath}' '${BIN}' watch --url '${clients.gateway.origin}'`;
    const inner = `stty cols 0 rows 0; ${size} timeout --foreground -s INT 5 ${watch}`;
    const { stdout } = await run('script', ['-qc', inner, '/dev/null'], {
      env: { PATH: process.env.PATH, TERM: 'xterm', NO_COLOR: '1' },
    });
    const [, frame = ''] = stdout.split('\u001b[H');
    return frame.split(/\r+\n/).map((line) => line.replaceAll('\u001b[K', ''));
  }

  it('has 80 columns and 24 lines', async () => {
    await using clients = await startCliClients();
    const lines = await firstFrame(clients, 'env -u COLUMNS -u LINES');
    expect([lines.length, Math.max(...lines.slice(0, 3).map(({ length }) => length))]).toEqual([24, 80]);
  });

  it('has the size of COLUMNS and LINES if they are set', async () => {
    await using clients = await startCliClients();
    const lines = await firstFrame(clients, 'env COLUMNS=60 LINES=10');
    expect([lines.length, Math.max(...lines.slice(0, 3).map(({ length }) => length))]).toEqual([10, 60]);
  });
});

describe('the log of a target in the live table of tilt-graphql watch', () => {
  const shop = session('shop', { 'api:update': 'failed', 'web:serve': 'running' });

  it('L shows the log of the selected target, which follows its end, scrolls, and is left by Escape', async () => {
    await using gateway = await startMemoryGateway([shop]);
    const log = createTestLog();
    log.append(...Array.from({ length: 100 }, (_, index) => logLine(`line ${index}`)));
    gateway.source.setLog('shop/Tiltfile', log);
    await using terminal = await openTmux({ TILT_GRAPHQL_URL: gateway.origin });
    await terminal.type('tilt-graphql watch');
    await terminal.press('Enter');
    await terminal.until(/FAILED +api:update/);
    await terminal.press('L');
    await terminal.until(/^LOG {2}api:update {2}100 lines\n[\s\S]*line 99\nq quit {2}Esc back/m);
    log.append(logLine('\u001b[31mFAIL\u001b[0m adds numbers', { level: 'error' }));
    await terminal.until(/line 99\nFAIL adds numbers\nq quit/);
    await terminal.press('Home');
    await terminal.until(/^LOG {2}api:update {2}101 lines {2}82 more below\nline 0\n/m);
    await terminal.press('Escape');
    await terminal.until(/^PHASE +TARGET/m);
  });

  it('L shows that the log is not available, or the excerpt of a failure', async () => {
    await using gateway = await startMemoryGateway([shop]);
    await using terminal = await openTmux({ TILT_GRAPHQL_URL: gateway.origin });
    await terminal.type('tilt-graphql watch');
    await terminal.press('Enter');
    await terminal.until(/FAILED +api:update/);
    await terminal.press('L');
    await terminal.until(/^LOG {2}api:update {2}not available: the gateway does not read this log/m);
    gateway.source.put(withExcerpt(shop, 'api:update', ['FAIL adds numbers', 'expected 4, got 5']));
    await terminal.until(
      /^LOG {2}api:update {2}2 lines before it failed; .*\nFAIL adds numbers\nexpected 4, got 5\n/m,
    );
  });
});
