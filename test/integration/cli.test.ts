import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { runCli, runCliToEnd } from '../support/cli.js';
import { createKubeconfigFolder, writeKubeconfig } from '../support/kubeconfig-file.js';
import { startHttpProxy } from '../support/proxy-server.js';
import { sessionJson } from '../support/session-json.js';
import { createTiltServer } from '../support/tilt-server.js';

const LISTENS = /listens on (http:\S+)/;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function writeTemporaryFile(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

async function sendQuery(url: string, query: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  return response.json();
}

describe('tilt-graphql', () => {
  it('serve shows the demo while no Tilt runs, and reports that in three lines', async () => {
    await using command = runCli(['--port', '0']);
    const [, url = ''] = await command.until(LISTENS);
    await command.until(/open .*\n/);
    expect(command.stdout.split('\n')).toEqual([
      expect.stringMatching(
        /^tilt-graphql \d+\.\d+\.\d+ listens on http:.* \(HTTP, SSE\) and ws:.* \(WebSocket\)$/,
      ),
      expect.stringMatching(
        /^reads every Tilt in .*, or the built-in demo while no Tilt runs; now: tilt LIVE, demo LIVE$/,
      ),
      expect.stringMatching(/^open http:.* for GraphiQL$/),
      '',
    ]);
    expect(await sendQuery(url, '{ session { id } }')).toEqual({
      data: { session: { id: 'demo/Tiltfile' } },
    });
  });

  it('serve reads a file source, with or without a name, and follows its changes', async () => {
    const path = await writeTemporaryFile('shop.json', JSON.stringify(sessionJson({ uid: 'one' })));
    await using command = runCli(['serve', '--port', '0', '--source', path, '--source', `other=${path}`]);
    const [, url = ''] = await command.until(LISTENS);
    await expect
      .poll(() => sendQuery(url, '{ sessions { nodes { id status { done } } } }'))
      .toEqual({
        data: {
          sessions: {
            nodes: [
              { id: 'other/Tiltfile', status: { done: false } },
              { id: 'shop/Tiltfile', status: { done: false } },
            ],
          },
        },
      });
    await writeTemporaryFile(
      'shop.json',
      JSON.stringify(sessionJson({ uid: 'one', status: { done: true } })),
    );
    await expect
      .poll(() => sendQuery(url, '{ session(id: "shop/Tiltfile") { status { done } } }'))
      .toEqual({
        data: { session: { status: { done: true } } },
      });
  });

  it('serve reads the output of tilt get from standard input until it ends', async () => {
    const printed = await readFile(new URL('../fixtures/recordings/get-session-watch.json', import.meta.url));
    await using command = runCli(['--port', '0', '--source', '-']);
    command.process.stdin.write(printed);
    const [, url = ''] = await command.until(LISTENS);
    const query = '{ session { id connection { state } } }';
    await expect
      .poll(() => sendQuery(url, query))
      .toEqual({
        data: { session: { id: 'stdin/Tiltfile', connection: { state: 'LIVE' } } },
      });
    command.process.stdin.end();
    await expect
      .poll(() => sendQuery(url, query))
      .toEqual({
        data: { session: { id: 'stdin/Tiltfile', connection: { state: 'GONE' } } },
      });
  });

  it('serve reports a STALE source with its error in the start-up lines and in the log', async () => {
    await using folder = await createKubeconfigFolder();
    await using crashed = await createTiltServer();
    await writeKubeconfig(folder.path, { 'tilt-default': crashed });
    await crashed.stop();
    await using command = runCli(['--port', '0', '--source', 'tilt', '--kubeconfig', folder.path]);
    await command.until(/open .*\n/);
    const error = `${crashed.url}: connect ECONNREFUSED .*`;
    expect(command.stdout).toMatch(
      new RegExp(
        `^reads tilt \\(kubeconfig ${folder.path}\\); now: tilt LIVE, tilt-default STALE \\(${error}\\)$`,
        'm',
      ),
    );
    await expect
      .poll(() => command.stderr, { timeout: 10_000 })
      .toMatch(new RegExp(`WARN +Source tilt-default: ${error}; next try in`, 'i'));
  });

  it.each([
    ['invalid data only', ''],
    ['a Session followed by invalid data', JSON.stringify(sessionJson())],
  ])('the stdin source stays visible with its error when standard input ends after %s', async (_, before) => {
    await using command = runCli(['--port', '0', '--source', '-']);
    command.process.stdin.end(`${before}Error: no Tilt is running\n`);
    const [, url = ''] = await command.until(LISTENS);
    const error = expect.stringMatching(/^value \d: expected/);
    await expect
      .poll(() => sendQuery(url, '{ gateway { sources { name state error sessionCount } } }'))
      .toEqual({
        data: { gateway: { sources: [{ name: 'stdin', state: 'STALE', error, sessionCount: 0 }] } },
      });
    await command.until(/now: stdin STALE \(value \d: expected .*\)\n/);
    expect(command.stderr).toMatch(/Source stdin: value \d: expected/);
    const gone = { connection: { state: 'GONE', error: 'the stream has ended' } };
    expect(await sendQuery(url, '{ sessions { nodes { connection { state error } } } }')).toEqual({
      data: { sessions: { nodes: before === '' ? [] : [gone] } },
    });
  });

  it('serve finds Tilts in the folder of WMDAEMON_HOME even if it is created later', async () => {
    await using folder = await createKubeconfigFolder();
    const home = join(folder.folder, 'windmill');
    await using server = await createTiltServer({ sessions: [sessionJson()] });
    await using command = runCli(['--port', '0', '--source', 'tilt'], {
      TILT_CONFIG: '',
      WMDAEMON_HOME: home,
    });
    const [, url = ''] = await command.until(LISTENS);
    await mkdir(home);
    await writeKubeconfig(join(home, 'config'), { 'tilt-default': server });
    await expect
      .poll(() => sendQuery(url, '{ session { id connection { state } } }'))
      .toEqual({ data: { session: { id: 'tilt-default/Tiltfile', connection: { state: 'LIVE' } } } });
  });

  it('serve merges the files listed in TILT_CONFIG and uses the proxy of the environment', async () => {
    await using folder = await createKubeconfigFolder();
    await using near = await createTiltServer({ sessions: [sessionJson()] });
    await using far = await createTiltServer({ sessions: [sessionJson()], names: ['tilt.example'] });
    await using proxy = await startHttpProxy();
    const second = join(folder.folder, 'second');
    await writeKubeconfig(folder.path, { 'tilt-default': near });
    const server = far.url.replace('127.0.0.1', 'tilt.example');
    await writeKubeconfig(second, { 'tilt-default': far, 'tilt-1': { server: far, cluster: { server } } });
    await using command = runCli(['--port', '0', '--source', 'tilt'], {
      TILT_CONFIG: ['/nonexistent/config', folder.path, second].join(delimiter),
      HTTPS_PROXY: `http://${proxy.address}`,
    });
    const [, url = ''] = await command.until(LISTENS);
    const live = { connection: { state: 'LIVE' } };
    await expect
      .poll(() => sendQuery(url, '{ sessions { nodes { id connection { state } } } }'))
      .toEqual({
        data: {
          sessions: {
            nodes: [
              { id: 'tilt-1/Tiltfile', ...live },
              { id: 'tilt-default/Tiltfile', ...live },
            ],
          },
        },
      });
    expect(new Set(proxy.requestedHosts)).toEqual(new Set([`tilt.example:${new URL(server).port}`]));
    expect(near.count('list')).toBeGreaterThan(0);
  });

  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ] as const)(
    'on %s serve closes its readers with 1001, closes its port, and exits with %d',
    async (signal, code) => {
      await using command = runCli(['--port', '0', '--source', 'demo:7']);
      const [, url = ''] = await command.until(LISTENS);
      await command.until(/open .*\n/);
      const client = createClient({
        url: url.replace('http', 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      });
      const closed = new Promise((resolve) => client.on('closed', resolve));
      const stream = client.iterate({ query: 'subscription { session { id } }' });
      await stream.next();
      command.process.kill(signal);
      expect(await closed).toMatchObject({ code: 1001 });
      expect(await command.exit).toBe(code);
      await expect(fetch(url)).rejects.toThrow();
      await client.dispose();
    },
  );

  it('serve logs JSON lines to standard error at the requested level', async () => {
    await using loud = runCli([
      '--port',
      '0',
      '--source',
      'demo',
      '--log-level',
      'debug',
      '--log-format',
      'json',
    ]);
    await loud.until(/open .*\n/);
    for (const line of loud.stderr.split('\n').filter((text) => text !== '')) {
      expect(JSON.parse(line)).toMatchObject({
        time: expect.any(String),
        level: expect.any(String),
        message: expect.any(String),
      });
    }
    await using silent = runCli(['--port', '0', '--source', 'demo', '--log-level', 'silent']);
    await silent.until(/open .*\n/);
    expect(silent.stderr).toBe('');
  });

  it('serve reads its options from environment variables', async () => {
    await using command = runCli([], { TILT_GRAPHQL_PORT: '0', TILT_GRAPHQL_SOURCE: 'mine=demo' });
    const [, url = ''] = await command.until(LISTENS);
    await expect
      .poll(() => sendQuery(url, '{ session { id } }'))
      .toEqual({ data: { session: { id: 'mine/Tiltfile' } } });
  });

  it('tilt-graphql prints the schema, its version, and help for each command', async () => {
    const schema = await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8');
    expect(await runCliToEnd(['schema'])).toEqual({ code: 0, stdout: schema, stderr: '' });
    expect((await runCliToEnd(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const args of [['--help'], ['serve', '--help'], ['schema', '--help'], ['help', 'serve']]) {
      const { code, stdout } = await runCliToEnd(args);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^Usage: tilt-graphql /)]);
    }
  });
});

describe('options of serve without their effect', () => {
  it.each([
    [['--jwt-audience', 'tilt'], '--jwt-audience has no effect without --jwks'],
    [['--jwt-claim', 'groups'], '--jwt-claim has no effect without --jwks'],
    [['--nats-creds', 'x.creds'], '--nats-creds has no effect: no source is a NATS bucket'],
    [['--bucket-history', '3'], '--bucket-history has no effect: no source is a NATS bucket'],
  ])('%j without the other one is reported in one line', async (args, message) => {
    await using command = runCli(['--port', '0', '--source', 'demo', ...args]);
    await command.until(LISTENS);
    await expect.poll(() => command.stderr).toContain(message);
    expect(command.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('an invalid document of --documents is reported in one line', async () => {
    const manifest = JSON.stringify({ good: '{ session { id } }', bad: '{ session { nope } }' });
    const path = await writeTemporaryFile('documents.json', manifest);
    await using command = runCli(['--port', '0', '--source', 'demo', '--documents', path]);
    await command.until(LISTENS);
    await expect
      .poll(() => command.stderr)
      .toContain('documents.json: document bad: Cannot query field "nope" on type "Session".');
    expect(command.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('--kubeconfig without a Tilt among the sources is reported in one line', async () => {
    const kubeconfig = await writeTemporaryFile('no-contexts.yaml', 'contexts: []\n');
    await using command = runCli(['--port', '0', '--source', 'demo', '--kubeconfig', kubeconfig]);
    await command.until(LISTENS);
    await expect.poll(() => command.stderr).toContain('--kubeconfig has no effect: no source is a Tilt');
  });
});

describe('serve beyond loopback', () => {
  it('serve generates a token beyond loopback, prints it once in a link, and requires it', async () => {
    await using cli = runCli([
      '--port',
      '0',
      '--host',
      '0.0.0.0',
      '--source',
      'demo',
      '--log-level',
      'debug',
    ]);
    const [, home = '', token = '', url = ''] = await cli.until(
      /^open (http:\/\/localhost:\d+\/)\?token=(\S{32}) for the dashboard, (\S+) for GraphiQL$/m,
    );
    const ask = (headers = {}) => fetch(`${url}?query={__typename}`, { headers });
    expect((await ask()).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(200);
    const opened = await fetch(`${home}?token=${token}`, {
      headers: { accept: 'text/html' },
      redirect: 'manual',
    });
    expect(opened.status).toBe(303);
    const cookie = String(opened.headers.get('set-cookie')).split(';')[0] ?? '';
    expect((await ask({ cookie })).status).toBe(200);
    cli.process.kill('SIGTERM');
    expect(await cli.exit).toBe(0);
    expect(`${cli.stdout}${cli.stderr}`.split(token)).toHaveLength(2);
  });

  it.each([
    ['the environment', async () => [[], { TILT_GRAPHQL_TOKEN: 'known-to-its-clients' }] as const],
    [
      'a file',
      async () =>
        [['--token-file', await writeTemporaryFile('known', 'known-to-its-clients\n')], {}] as const,
    ],
  ])('serve reads a token from %s and never prints it', async (_, given) => {
    const [args, env] = await given();
    await using cli = runCli(['--port', '0', '--source', 'demo', '--log-level', 'debug', ...args], env);
    const [, url = ''] = await cli.until(/(\S+) for GraphiQL/);
    const ask = (headers = {}) => fetch(`${url}?query={__typename}`, { headers });
    expect((await ask()).status).toBe(401);
    expect((await ask({ authorization: 'Bearer known-to-its-clients' })).status).toBe(200);
    cli.process.kill('SIGTERM');
    expect(await cli.exit).toBe(0);
    expect(`${cli.stdout}${cli.stderr}`).not.toContain('known-to-its-clients');
  });
});

describe('invalid command-line input', () => {
  it.each<[string, () => string[] | Promise<string[]>, RegExp]>([
    [
      'an unknown flag',
      () => ['--prot', '1'],
      /^tilt-graphql: unknown option '--prot' \(Did you mean --port\?\)$/,
    ],
    [
      'an unknown command',
      () => ['wtach'],
      /^tilt-graphql: unknown command 'wtach' \(Did you mean watch\?\)$/,
    ],
    [
      'an argument of the default command',
      () => ['--port', '0', 'wtach'],
      /^tilt-graphql: too many arguments for 'serve'/,
    ],
    ['an invalid port', () => ['--port', '70000'], /'70000' is invalid.*from 0 to 65535/],
    ['an invalid address', () => ['--host', 'example'], /'example' is invalid.*such as 127\.0\.0\.1/],
    [
      'an origin with a path',
      () => ['--allow-origin', 'http://a/b'],
      /'http:\/\/a\/b' is invalid.*without a path/,
    ],
    ['a missing token file', () => ['--token-file', '/nonexistent'], /--token-file \/nonexistent: .*ENOENT/],
    [
      'a weak token',
      async () => ['--token-file', await writeTemporaryFile('token', 'secret\n')],
      /--token-file .*token: expected at least 16 characters/,
    ],
    ['a JWKS over plain HTTP', () => ['--jwks', 'http://example.com/keys'], /is invalid.*https/],
    ['a certificate without its key', () => ['--tls-cert', '/c.pem'], /--tls-cert PATH and --tls-key PATH/],
    [
      'an invalid certificate',
      async () => [
        '--tls-cert',
        await writeTemporaryFile('c.pem', 'x'),
        '--tls-key',
        await writeTemporaryFile('k.pem', 'y'),
      ],
      /--tls-cert .*c\.pem and --tls-key .*: invalid key pair: /,
    ],
    ['an invalid path prefix', () => ['--path-prefix', 'tilt'], /'tilt' is invalid.*such as \/tilt/],
    ['an invalid proxy range', () => ['--trust-proxy', '10.0.0.0/99'], /is invalid.*10\.0\.0\.0\/8/],
    ['an unknown limit', () => ['--limit', 'size=1'], /'size=1' is invalid.*tokens, depth/],
    ['an invalid limit', () => ['--limit', 'depth=0'], /'depth=0' is invalid.*depth=NUMBER/],
    [
      'an invalid manifest',
      async () => ['--documents', await writeTemporaryFile('manifest.json', '[]')],
      /--documents .*manifest\.json: expected an object of documents by id, got a list/,
    ],
    ['an invalid size', () => ['--query-cache', 'big'], /'big' is invalid.*such as 0, 500k/],
    ['an invalid duration', () => ['--retain', 'long'], /'long' is invalid.*such as 90s/],
    [
      'an unknown log level',
      () => ['--log-level', 'loud'],
      /'loud' is invalid.*silent, error, warn, info, debug/,
    ],
    ['an unknown source type', () => ['--source', 'ftp://x'], /--source: expected tilt, .*got "ftp:\/\/x"/],
    ['an empty source', () => ['--source='], /--source: expected tilt, .*got ""/],
    ['a missing file', () => ['--source', '/nonexistent/x.yaml'], /\/nonexistent\/x\.yaml/],
    [
      'a Session file with a field of a wrong type',
      async () => [
        '--source',
        await writeTemporaryFile('wrong.json', JSON.stringify(sessionJson({ status: { pid: 'twelve' } }))),
      ],
      /wrong\.json.*status\.pid: expected a whole number/,
    ],
    [
      'a kubeconfig that is not YAML',
      async () => ['--kubeconfig', await writeTemporaryFile('broken.yaml', 'contexts: [')],
      /broken\.yaml/,
    ],
    [
      'a context that does not exist',
      async () => [
        '--kubeconfig',
        await writeTemporaryFile('empty.yaml', 'contexts: null\n'),
        '--context',
        'tilt-1',
      ],
      /empty\.yaml.*tilt-1/,
    ],
    ['an invalid pattern without --logs', () => ['--redact', '('], /^tilt-graphql: --redact: .*\(/],
    ['the same source twice', () => ['--source', 'demo', '--source', 'demo'], /demo.*NAME=/],
  ])('%s exits with code 2 and a one-line error', async (_, args, expected) => {
    const { code, stdout, stderr } = await runCliToEnd([...(await args()), '--log-level', 'silent']);
    expect(stderr.trimEnd()).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('help for an unknown command exits with code 2 and names the commands in one line', async () => {
    const { code, stdout, stderr } = await runCliToEnd(['help', 'wtach']);
    expect(stderr).toMatch(
      /^tilt-graphql: .*'wtach' is invalid .* Allowed choices are serve, .*watch, .*\n$/,
    );
    expect([code, stdout]).toEqual([2, '']);
  });

  it.each<[string[], RegExp]>([
    [['--from='], /^tilt-graphql: --from: expected tilt, .*got ""\n$/],
    [
      ['--from', 'tilt', '--from', 'tilt:tilt-1'],
      /^tilt-graphql: --from tilt reads every Tilt; omit it .*\n$/,
    ],
  ])('publish %j exits with code 2 and an error that names the option', async (options, expected) => {
    const { code, stderr } = await runCliToEnd(['publish', '--to', 'nats://127.0.0.1:1/tilts', ...options]);
    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });

  it('watch --output table without a terminal exits with code 2 and a one-line error', async () => {
    expect(await runCliToEnd(['watch', '--output', 'table'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'tilt-graphql: --output table needs a terminal; use --output json\n',
    });
  });

  it('a port in use exits with code 2 and a one-line error', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    const { code, stderr } = await runCliToEnd(['--port', port, '--source', 'demo', '--log-level', 'silent']);
    expect([code, stderr]).toEqual([
      2,
      `tilt-graphql: port ${port} on 127.0.0.1 is already in use; choose another with --port, or --port 0 for a free port\n`,
    ]);
    other.close();
  });
});
