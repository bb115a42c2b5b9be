import { describe, expect, it } from 'vitest';
import { createGateway } from '../../src/gateway.js';
import { decodeSession } from '../../src/model/decode.js';
import { createNatsProvider } from '../../src/nats/nats-provider.js';
import { type RunningCommand, runCli, runCliToEnd } from '../support/cli.js';
import { createKubeconfigFolder, writeKubeconfig } from '../support/kubeconfig-file.js';
import { startNats } from '../support/nats-server.js';
import { readWatchRecording } from '../support/recording.js';
import { sessionJson } from '../support/session-json.js';
import { openTestBucket } from '../support/test-bucket.js';
import { createTiltServer } from '../support/tilt-server.js';
import { useNats } from './support/nats.js';

const nats = useNats();

/** A gateway run by the program, and its answers. */
interface Gateway extends AsyncDisposable {
  readonly url: string;
  readonly command: RunningCommand;
  ask(query: string): Promise<Record<string, unknown>>;
}

async function serve(address: string, ...args: readonly string[]): Promise<Gateway> {
  const command = runCli(['--port', '0', '--source', address, ...args]);
  const [, url = ''] = await command.until(/listens on (http:\S+) /);
  return {
    url,
    command,
    async ask(query) {
      const response = await fetch(`${url}?query=${encodeURIComponent(query)}`, {
        headers: { accept: 'application/json' },
      });
      const { data } = await response.json();
      return data ?? {};
    },
    [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
  };
}

function publish(address: string, args: readonly string[], env: Record<string, string> = {}): RunningCommand {
  return runCli(['publish', '--to', address, '--log-level', 'debug', ...args], env);
}

const STATE = `{ sessions { nodes { id connection { state } verdict { state final }
  status { done targets { name state { __typename ... on TargetStateTerminated { error } } } } } } }`;

/** Result of STATE for the last object of a recording. */
function recordedState(recording: Parameters<typeof readWatchRecording>[0], id: string) {
  const { object } = JSON.parse(readWatchRecording(recording).at(-1)?.line ?? '');
  const { status } = decodeSession(object, 'x');
  return {
    id,
    status: {
      done: status.done,
      targets: status.targets.map(({ name }) => expect.objectContaining({ name })),
    },
  };
}

describe('a published Tilt', () => {
  it('appears at each gateway: STALE after its publisher was killed, GONE with its final state after a clean end', async () => {
    await using tilt = await createTiltServer();
    await using folder = await createKubeconfigFolder();
    await writeKubeconfig(folder.path, { 'tilt-default': tilt });
    const address = nats.address('one');
    const flags = ['--instance', 'team-a.ci.1', '--bucket-presence', '2s'];
    await using first = publish(address, flags, { TILT_CONFIG: folder.path });
    await tilt.until(() => tilt.openWatches > 0);
    await using one = await serve(address);
    await using other = await serve(address);
    tilt.replay(readWatchRecording('ci-bad')).playRemaining();
    const id = 'team-a.ci.1/Tiltfile';
    const final = { ...recordedState('ci-bad', id), verdict: { state: 'FAILED', final: true } };
    const shows = (gateway: Gateway, connection: string) =>
      expect
        .poll(() => gateway.ask(STATE), { timeout: 20_000 })
        .toEqual({ sessions: { nodes: [{ ...final, connection: { state: connection } }] } });
    for (const gateway of [one, other]) await shows(gateway, 'LIVE');

    // A second publisher of the same instance is rejected with one line.
    const second = publish(address, ['--instance', 'team-a.ci.1'], { TILT_CONFIG: folder.path });
    expect(await second.exit).toBe(1);
    expect(second.stderr).toMatch(
      /^tilt-graphql: team-a\.ci\.1\.Tiltfile: another publisher .* --take-over$/m,
    );

    first.process.kill('SIGKILL');
    for (const gateway of [one, other]) await shows(gateway, 'STALE');

    await using third = publish(address, [...flags, '--take-over'], { TILT_CONFIG: folder.path });
    for (const gateway of [one, other]) await shows(gateway, 'LIVE');

    await using fourth = publish(address, [...flags, '--take-over'], { TILT_CONFIG: folder.path });
    expect(await third.exit).toBe(1);
    expect(third.stderr).toMatch(/^tilt-graphql: team-a\.ci\.1\.Tiltfile: taken over by .*$/m);
    for (const gateway of [one, other]) await shows(gateway, 'LIVE');
    fourth.process.kill('SIGTERM');
    expect(await fourth.exit).toBe(0);
    await using late = await serve(address);
    for (const gateway of [one, other, late]) await shows(gateway, 'GONE');
  });

  it('is limited to a subject when the address names one', async () => {
    await using bucket = await openTestBucket(nats.address('subjects'));
    for (const instance of ['team-a.x', 'team-a.y.z', 'team-b.x']) {
      await bucket.put(decodeSession(sessionJson(), instance));
    }
    await using gateway = await serve(`${nats.address('subjects')}/team-a.>`);
    await expect
      .poll(() => gateway.ask('{ sessions { nodes { instance } } }'), { timeout: 20_000 })
      .toEqual({ sessions: { nodes: [{ instance: 'team-a.x' }, { instance: 'team-a.y.z' }] } });
  });
});

describe('publish --from a bucket', () => {
  it('applies the settings of its options to the other bucket only', async () => {
    await using source = await openTestBucket(nats.address('site'));
    await source.put(decodeSession(sessionJson(), 'ci'));
    await using target = await openTestBucket(nats.address('central'), { history: 10, presenceMs: 9_000 });
    const options = ['--bucket-history', '10', '--bucket-presence', '9s', '--instance', 'site.ci'];
    await using run = publish(nats.address('central'), ['--from', nats.address('site'), ...options]);
    await expect
      .poll(async () => (await target.bucket.sessions.get('site.ci.Tiltfile'))?.operation, {
        timeout: 20_000,
      })
      .toBe('PUT');
    expect(run.stderr).not.toContain('expected history');
  });
});

describe('a Session that has ended', () => {
  it('is GONE since the time of its last message in the bucket, also at a gateway that starts later', async () => {
    await using bucket = await openTestBucket(nats.address('since'));
    const session = decodeSession(sessionJson({ status: { done: true } }), 'ci.1');
    await using early = await serve(nats.address('since'));
    await bucket.put(session);
    await bucket.put(session, { connection: 'gone', error: 'its command ended' });
    const written = (await bucket.bucket.sessions.get('ci.1.Tiltfile'))?.created.toISOString();
    await using late = await serve(nats.address('since'));
    const connection = { state: 'GONE', since: written, error: 'its command ended' };
    for (const gateway of [early, late]) {
      await expect
        .poll(() => gateway.ask('{ sessions { nodes { connection { state since error } } } }'), {
          timeout: 10_000,
        })
        .toEqual({ sessions: { nodes: [{ connection }] } });
    }
  });
});

describe('a program that embeds the gateway', () => {
  it('reads a bucket with the NATS provider', async () => {
    await using bucket = await openTestBucket(nats.address('embedded'));
    await bucket.put(decodeSession(sessionJson(), 'team-a.x'));
    const provider = createNatsProvider({ address: nats.address('embedded'), settings: { history: 64 } });
    const gateway = createGateway({ providers: [provider] });
    const { port } = await gateway.listen(0);
    await gateway.ready();
    const response = await fetch(`http://127.0.0.1:${port}/graphql?query={sessions{nodes{id}}}`, {
      headers: { accept: 'application/json' },
    });
    expect(await response.json()).toEqual({
      data: { sessions: { nodes: [{ id: 'team-a.x/Tiltfile' }] } },
    });
    await gateway.close();
  });
});

describe('publish -- COMMAND', () => {
  const tiltLike = (kubeconfig: string, ms: number, code: number) => [
    '--',
    process.execPath,
    '--import',
    'tsx',
    'test/support/tilt-like.ts',
    kubeconfig,
    String(ms),
    String(code),
  ];

  it('publishes the state of the command up to its end, and exits with its code', {
    timeout: 90_000,
  }, async () => {
    const address = nats.address('commands');
    await using gateway = await serve(address);
    const runs = ['job-1', 'job-2', 'job-3', 'job-4', 'job-5'];
    for (const [index, instance] of runs.entries()) {
      await using folder = await createKubeconfigFolder();
      const run = publish(address, ['--instance', instance, ...tiltLike(folder.path, 5, index + 3)], {
        TILT_CONFIG: folder.path,
      });
      expect([await run.exit, run.stderr]).toEqual([index + 3, expect.not.stringContaining('ERROR')]);
    }
    const nodes = runs.map((instance) => ({
      ...recordedState('ci-ok', `${instance}/Tiltfile`),
      connection: { state: 'GONE' },
      verdict: { state: 'PASSED', final: true },
    }));
    await expect.poll(() => gateway.ask(STATE), { timeout: 20_000 }).toEqual({ sessions: { nodes } });
  });

  it('exits with the code of the command within the deadline when the broker cannot be reached', async () => {
    await using folder = await createKubeconfigFolder();
    const run = publish(
      'nats://127.0.0.1:1/none',
      ['--deadline', '1s', '--instance', 'job', ...tiltLike(folder.path, 5, 4)],
      { TILT_CONFIG: folder.path },
    );
    expect(await run.exit).toBe(4);
    expect(run.stderr).toMatch(
      /ERROR job\.Tiltfile: the final state was not written within 1 s: the broker is unreachable$/m,
    );
  });

  it.each([
    [
      'a command that does not exist',
      ['--', 'no-such-command'],
      127,
      /the command could not be run \(spawn no-such-command ENOENT\)/,
    ],
    ['a command ended by a signal', ['--', 'sh', '-c', 'kill -KILL $$'], 137, /publishes/],
  ])('uses the exit code of a shell for %s', async (_, args, code, output) => {
    const run = publish(nats.address('shell'), [...args]);
    expect([await run.exit, run.stderr]).toEqual([code, expect.stringMatching(output)]);
  });
});

describe('an invalid NATS option or an unusable broker is reported in one line:', () => {
  it.each([
    [
      'an invalid address',
      ['publish', '--to', 'localhost/x'],
      /^tilt-graphql: --to: expected nats:\/\/.*got "localhost\/x"\n$/,
    ],
    ['a missing address', ['publish'], /required option '-t, --to <address>' not specified\n$/],
    ['an invalid instance name', ['publish', '--to', 'nats://h/b', '-i', 'a b'], /Expected a name such as/],
    [
      'a missing credentials file',
      ['publish', '--to', 'nats://h/b', '--nats-creds', '/nowhere'],
      /^tilt-graphql: --nats-creds \/nowhere: cannot read the file \(ENOENT.*\)\n$/,
    ],
    [
      'an invalid address with a login',
      ['--source', 'nats://ada:secret@h/b/c/d'],
      /^tilt-graphql: expected nats:\/\/(?!.*secret).*\n$/,
    ],
  ])('%s', async (_, args, line) => {
    const { code, stderr } = await runCliToEnd(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(line)]);
  });

  const SOURCES = '{ gateway { sources { state error } } }';
  const errorOf = async (gateway: Gateway) => JSON.stringify(await gateway.ask(SOURCES));

  it('a bucket with other settings', async () => {
    await using bucket = await openTestBucket(nats.address('settings'), { history: 8 });
    await using gateway = await serve(
      nats.address('settings'),
      '--bucket-history',
      '16',
      '--bucket-presence',
      '9s',
    );
    await expect
      .poll(() => errorOf(gateway), { timeout: 20_000 })
      .toMatch(
        /settings: expected history 16, got 8; expected presence time 9 s, got 15 s; use the existing settings/,
      );
    expect(bucket.bucket.presenceMs).toBe(15_000);
  });

  it('a server that rejects the login, and a server that cannot be reached', async () => {
    await using secured = await startNats({ extraLines: 'authorization { user: ada, password: s3cret }' });
    const place = `127.0.0.1:${secured.port}/b`;
    await using rejected = await serve(`nats://ada:wr0ng@${place}`);
    await expect
      .poll(() => errorOf(rejected), { timeout: 20_000 })
      .toMatch(/permission denied by the server .*; check the user/);
    await using accepted = await serve(`nats://ada:s3cret@${place}`);
    await expect.poll(() => errorOf(accepted), { timeout: 20_000 }).toContain('"LIVE"');
    await using unreachable = await serve('nats://127.0.0.1:1/b');
    await expect
      .poll(() => errorOf(unreachable), { timeout: 20_000 })
      .toMatch(/127\.0\.0\.1:1\/b: cannot connect .*; check that a server runs there/);
  });

  it.each([
    ['a wrong password', 'authorization { user: ada, password: s3cret }', 'ada:wr0ng@'],
    ['a wrong token', 'authorization { token: s3cret }', 'wr0ng@'],
  ])('%s, which appears in no output and no answer', async (_, more, login) => {
    await using secured = await startNats({ extraLines: more });
    const address = secured.address('b').replace('://', `://${login}`);
    await using gateway = await serve(address, '--log-level', 'debug');
    await expect
      .poll(() => errorOf(gateway), { timeout: 20_000 })
      .toContain('permission denied by the server');
    expect(await errorOf(gateway)).not.toContain('wr0ng');
    const run = publish(address, ['--from', 'demo']);
    expect([await run.exit, run.stderr]).toEqual([
      1,
      expect.stringMatching(/^tilt-graphql: .* permission denied by the server/m),
    ]);
    const output = [gateway.command, run].map(({ stdout, stderr }) => stdout + stderr).join('');
    // As a word: an id of a request is hexadecimal, and began with "ada" once.
    expect(output).not.toMatch(/wr0ng|\bada\b/);
  });
});
