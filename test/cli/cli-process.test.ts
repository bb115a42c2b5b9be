import { EventEmitter } from 'node:events';
import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { homeDirectory, listenForInterruption, stopSignal, terminalSize } from '../../src/cli/cli-process.js';

describe('terminalSize', () => {
  it.each([
    [
      { columns: 100, rows: 30 },
      { COLUMNS: '60', LINES: '10' },
      { columns: 100, rows: 30 },
    ],
    [
      { columns: 0, rows: 0 },
      { COLUMNS: '60', LINES: '10' },
      { columns: 60, rows: 10 },
    ],
    [{ columns: 0, rows: 0 }, {}, { columns: 80, rows: 24 }],
    [{}, { COLUMNS: 'wide', LINES: '-1' }, { columns: 80, rows: 24 }],
    [{ columns: 100 }, { LINES: '0' }, { columns: 100, rows: 24 }],
  ])(
    'terminalSize of a terminal that reports %j with the environment %j is %j',
    (reported, env, expected) => {
      expect(terminalSize(reported, env)).toEqual(expected);
    },
  );
});

describe('homeDirectory', () => {
  it.each([
    [{ HOME: 'D:\\dev', USERPROFILE: 'C:\\Users\\dev' }, 'D:\\dev'],
    [{ HOME: '', USERPROFILE: 'C:\\Users\\dev', HOMEDRIVE: 'H:', HOMEPATH: '\\' }, 'C:\\Users\\dev'],
    [{ HOMEDRIVE: 'H:', HOMEPATH: '\\dev' }, 'H:\\dev'],
    [{ HOMEDRIVE: 'H:' }, homedir()],
    [{}, homedir()],
  ])('homeDirectory on Windows with the environment %j is %s, as in Tilt', (env, home) => {
    expect(homeDirectory(env, 'win32')).toBe(home);
  });

  it('homeDirectory on other systems is that of Node.js', () => {
    expect(homeDirectory({ USERPROFILE: 'C:\\Users\\dev' }, 'linux')).toBe(homedir());
  });
});

/** A process that receives signals only from the test. */
function createProcess() {
  return new EventEmitter();
}

describe('signals', () => {
  it.each([
    ['SIGINT', 'linux', 130],
    ['SIGTERM', 'linux', 143],
    ['SIGHUP', 'linux', 129],
    ['SIGBREAK', 'win32', 130],
    ['SIGHUP', 'win32', 129],
  ] as const)('%s on %s interrupts a command with exit code %d', (signal, platform, code) => {
    const cli = createProcess();
    const interruption = listenForInterruption(cli, platform);
    cli.emit(signal, signal);
    expect([interruption.signal.aborted, interruption.exitCode]).toEqual([true, code]);
    expect(cli.listenerCount(signal)).toBe(0);
  });

  it.each([
    ['SIGTERM', 'linux', 0],
    ['SIGINT', 'linux', 130],
    ['SIGBREAK', 'win32', 130],
    ['SIGHUP', 'win32', 0],
  ] as const)('%s on %s stops a service with exit code %d', async (signal, platform, code) => {
    const cli = createProcess();
    const stopped = stopSignal(cli, platform);
    cli.emit(signal, signal);
    expect(await stopped).toBe(code);
  });

  it('SIGHUP keeps its default effect on a service outside of Windows', () => {
    const cli = createProcess();
    void stopSignal(cli, 'linux');
    expect(cli.listenerCount('SIGHUP')).toBe(0);
  });
});
