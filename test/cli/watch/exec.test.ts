import { describe, expect, it } from 'vitest';
import {
  type Alert,
  createAlerts,
  createExecQueue,
  createShell,
  endTree,
} from '../../../src/cli/watch/exec.js';
import {
  createTargetsView,
  sessionFields,
  targetFields,
  verdictFields,
} from '../../support/target-fields.js';

/** Queue whose commands end when the test calls `end`. */
function heldQueue() {
  const started: string[] = [];
  const failures: string[] = [];
  const killed: string[] = [];
  let finish: (failure: string | null) => void = () => {};
  const queue = createExecQueue({
    run({ WHAT = '' }) {
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

const READY = targetFields('api:serve', 'READY');
const FAILED = targetFields('api:serve', 'FAILED');
const FAILED_AGAIN = targetFields('api:serve', 'FAILED', { error: 'exit status 2' });

/** Events of the alerts for each view. */
function alertsOf(...views: Parameters<ReturnType<typeof createAlerts>>[0][]): unknown[] {
  const findAlerts = createAlerts();
  return views.map((view) => findAlerts(view).map(({ env }) => env.TILT_GRAPHQL_EVENT));
}

describe('alerts of watch --exec', () => {
  it('the verdict of another run under the same id gives an alert even if it is equal', () => {
    const other = createTargetsView([READY], {
      session: sessionFields([READY], { metadata: { uid: 'another run' } }),
    });
    expect(alertsOf(createTargetsView([READY]), other, other)).toEqual([[], ['verdict'], []]);
  });

  it('the first view gives no alert, and each later failure gives one', () => {
    expect(
      alertsOf(
        createTargetsView([FAILED]),
        createTargetsView([READY]),
        createTargetsView([FAILED]),
        createTargetsView([FAILED_AGAIN]),
      ),
    ).toEqual([[], [], ['target-failed'], ['target-failed']]);
  });

  it('alerts are not repeated when the gateway restarts and the Session is missing for a while', () => {
    const away = createTargetsView([], { session: null });
    expect(
      alertsOf(createTargetsView([FAILED]), away, createTargetsView([FAILED]), createTargetsView([FAILED])),
    ).toEqual([[], [], [], []]);
  });

  it('a changed verdict gives an alert whose variables have one line each', () => {
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY]));
    const verdict = verdictFields('FAILED', 'one\ntwo\u0000\u001b');
    const cluster = { error: 'no\u001b[31mnet\nsecond line' };
    const session = sessionFields([READY], { verdict, cluster });
    const [alert] = findAlerts(createTargetsView([READY], { session }));
    expect(alert).toEqual({
      key: 'verdict',
      env: {
        TILT_GRAPHQL_EVENT: 'verdict',
        TILT_GRAPHQL_SESSION: 'tilt-default/Tiltfile',
        TILT_GRAPHQL_VERDICT: 'FAILED',
        TILT_GRAPHQL_PREVIOUS_VERDICT: 'PENDING',
        TILT_GRAPHQL_FINAL: 'false',
        TILT_GRAPHQL_REASON: 'one two\ufffd\ufffd',
        TILT_GRAPHQL_BLOCKERS: '',
        TILT_GRAPHQL_ROOT_CAUSE: '',
        TILT_GRAPHQL_CLUSTER_ERROR: 'nonet',
      },
    });
  });

  it('the alert of a verdict names the targets that block it and the root cause of the wait', () => {
    const waiting = targetFields('e2e:update', 'WAITING', {
      blockedBy: [{ name: 'web\n:serve' }],
      rootCause: { name: 'db:\u001b[1mserve' },
    });
    const pending = {
      ...verdictFields('PENDING', 'e2e waits for db (not ready)'),
      waiting: [{ name: 'e2e:update' }],
      notReady: [{ name: 'db:\u001b[1mserve' }],
    };
    const failed = { ...verdictFields('FAILED'), failed: [{ name: 'api:serve' }], waiting: pending.waiting };
    const views = [verdictFields('PASSED'), pending, failed].map((verdict) =>
      createTargetsView([waiting], { session: sessionFields([waiting], { verdict }) }),
    );
    const findAlerts = createAlerts();
    expect(views.map((view) => findAlerts(view)[0]?.env)).toEqual([
      undefined,
      expect.objectContaining({
        TILT_GRAPHQL_BLOCKERS: 'db:serve,e2e:update',
        TILT_GRAPHQL_ROOT_CAUSE: 'db:serve',
      }),
      expect.objectContaining({
        TILT_GRAPHQL_BLOCKERS: 'api:serve,e2e:update',
        TILT_GRAPHQL_ROOT_CAUSE: 'api:serve',
      }),
    ]);
  });

  it('the alert of a failed target names the targets that wait for it', () => {
    const late = targetFields('late:update', 'WAITING', {
      blockedBy: [{ name: 'api:serve' }],
      rootCause: { name: 'api:serve' },
    });
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY, late]));
    const [alert] = findAlerts(createTargetsView([FAILED, late]));
    expect(alert?.env).toMatchObject({
      TILT_GRAPHQL_EVENT: 'target-failed',
      TILT_GRAPHQL_BLOCKS: 'late:update',
    });
  });

  it('a long error is shortened in the middle to fit into an environment variable', () => {
    const findAlerts = createAlerts();
    findAlerts(createTargetsView([READY]));
    const error = `start ${'x'.repeat(1_000_000)} exit status 4`;
    const [alert] = findAlerts(createTargetsView([targetFields('api:serve', 'FAILED', { error })]));
    expect(alert?.env).toMatchObject({ TILT_GRAPHQL_TARGET: 'api:serve', TILT_GRAPHQL_PHASE: 'FAILED' });
    expect(alert?.env.TILT_GRAPHQL_ERROR).toHaveLength(4_000);
    expect(alert?.env.TILT_GRAPHQL_ERROR).toMatch(/^start x+…x+ exit status 4$/);
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
