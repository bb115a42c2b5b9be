import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/cli/watch/alerts.js';
import { createExecQueue, createShell, endTree } from '../../../src/cli/watch/exec.js';

/** Queue whose commands end when the test calls `end`. */
function heldQueue() {
  const started: string[] = [];
  const failures: string[] = [];
  const killed: string[] = [];
  let finish: (failure: string | null) => void = () => {};
  const queue = createExecQueue({
    run({ env: { WHAT = '' } }) {
      started.push(WHAT);
      return {
        ended: new Promise((resolve) => {
          finish = resolve;
        }),
        kill: () => void killed.push(WHAT),
      };
    },
    onError: (message) => void failures.push(message),
  });
  return {
    queue,
    started,
    failures,
    killed,
    async end(failure: string | null = null) {
      finish(failure);
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

function alert(key: string, what = key): Alert {
  return { key, env: { WHAT: what } };
}

describe('queue of watch --exec', () => {
  it('watch --exec runs one command at a time, in order', async () => {
    const { queue, started, end } = heldQueue();
    for (const key of ['a', 'b', 'c']) queue.add(alert(key));
    expect(started).toEqual(['a']);
    await end();
    expect(started).toEqual(['a', 'b']);
    await end();
    await end();
    queue.add(alert('d'));
    expect(started).toEqual(['a', 'b', 'c', 'd']);
  });

  it('watch --exec keeps only the newest waiting alert of a key', async () => {
    const { queue, started, end } = heldQueue();
    for (const what of ['one', 'two', 'three']) queue.add(alert('a', what));
    await end();
    await end();
    expect(started).toEqual(['one', 'three']);
  });

  it('watch --exec drops the oldest of more than a hundred waiting alerts and reports it', async () => {
    const { queue, started, failures, end } = heldQueue();
    for (let index = 0; index <= 101; index += 1) queue.add(alert(`t${index}`));
    expect(failures).toEqual([
      expect.stringMatching(/more than 100 events are waiting, the oldest was dropped/),
    ]);
    await end();
    expect(started).toEqual(['t0', 't2']);
  });

  it('watch --exec reports a failed command and runs the next one', async () => {
    const { queue, started, failures, end } = heldQueue();
    queue.add(alert('a'));
    queue.add(alert('b'));
    await end('it failed');
    expect([started, failures]).toEqual([['a', 'b'], ['it failed']]);
  });

  it('closing the queue of watch --exec ends the running command and drops the waiting alerts', async () => {
    const { queue, started, failures, killed, end } = heldQueue();
    queue.add(alert('a'));
    queue.add(alert('b'));
    queue.close();
    expect(killed).toEqual(['a']);
    await end('SIGTERM');
    queue.add(alert('c'));
    expect([started, failures]).toEqual([['a'], []]);
  });
});

describe('the shell of watch --exec', () => {
  it.each<[NodeJS.Platform, number]>([
    ['win32', 0],
    ['linux', 1],
  ])(
    'the shell of watch --exec on %s receives a text without the syntax of cmd.exe on Windows only',
    async (platform, code) => {
      const command = `node -e "process.exit(/[\\x22%&|<>^!]/.test(process.env.TILT_GRAPHQL_ERROR) ? 1 : 0)"`;
      const shell = createShell({ command, env: process.env, output: 'ignore', platform });
      const failure = await shell({ TILT_GRAPHQL_ERROR: 'exit status 1" & calc.exe %PATH%' }).ended;
      expect(failure).toBe(code === 0 ? null : `--exec ended with exit code ${code}`);
    },
  );
});

describe('the end of watch --exec', () => {
  it('the end of watch --exec on Windows ends the tree of the shell with taskkill', () => {
    const started: unknown[] = [];
    endTree(7, 'win32', (file, args) => started.push([file, ...args]));
    expect(started).toEqual([
      [expect.stringMatching(/^[A-Z]:\\.*\\System32\\taskkill.exe$/), '/PID', '7', '/T', '/F'],
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'the end of watch --exec ends the command that the shell waits for',
    async () => {
      const shell = createShell({ command: 'sleep 60; true', env: process.env, output: 'ignore' });
      const execution = shell({});
      execution.kill();
      expect(await execution.ended).toBe('--exec ended with SIGTERM');
    },
  );
});
