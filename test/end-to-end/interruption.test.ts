import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type RunningCommand, runCli } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';
import { openTmux } from '../support/tmux.js';

/** Commands that do not end by themselves. Port 1 has no listener. */
const ENDLESS = [
  'serve --source demo --port 0',
  'publish --to nats://127.0.0.1:1/fleet',
  'watch -o json --url http://127.0.0.1:1',
  'logs --follow --url http://127.0.0.1:1',
  'wait --url http://127.0.0.1:1 --timeout 1h --max-age 1h',
  'query -',
  'mcp --url http://127.0.0.1:1',
] as const;

/** Exit code that a shell reports. */
function toShellCode({ process: { exitCode, signalCode } }: RunningCommand): number | null {
  return signalCode === null ? exitCode : 128 + constants.signals[signalCode];
}

describe('Ctrl-C', () => {
  // The exit code is the same while the program is loaded, while it starts, and while it runs.
  it.each(ENDLESS)('at any time ends with exit code 130: tilt-graphql %s', async (line) => {
    const codes = await Promise.all(
      [0, 20, 60, 120, 250, 500, 1_000].map(async (ms) => {
        await using command = runCli(line.split(' '));
        await wait(ms);
        command.process.kill('SIGINT');
        await command.exit;
        return toShellCode(command);
      }),
    );
    expect(codes).toEqual(codes.map(() => 130));
  });

  it.each(ENDLESS)('pressed twice ends with exit code 130: tilt-graphql %s', async (line) => {
    await using command = runCli(line.split(' '));
    await wait(500);
    command.process.kill('SIGINT');
    command.process.kill('SIGINT');
    await command.exit;
    expect(toShellCode(command)).toBe(130);
  });

  it('ends the live table of watch with exit code 130 and restores the terminal', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-bad', 6);
    await using terminal = await openTmux({ TILT_GRAPHQL_URL: clients.gateway.origin });
    await terminal.type('echo before; tilt-graphql watch; echo "code $?"');
    await terminal.press('Enter');
    await terminal.until(/^tilt-default\/Tiltfile {2}PENDING {2}/);
    await terminal.press('C-c');
    await terminal.until(/^before\ncode 130\n\$/m);
  });
});

describe('SIGTERM', () => {
  it('stops the gateway with exit code 0, as service managers expect', async () => {
    await using command = runCli(['serve', '--source', 'demo', '--port', '0']);
    await command.until(/listens on/);
    command.process.kill('SIGTERM');
    expect(await command.exit).toBe(0);
  });
});
