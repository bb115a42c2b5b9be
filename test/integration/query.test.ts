import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/lib/clock.js';
import { createDemoProvider } from '../../src/providers/demo/demo.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { runCliToEnd } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';
import { startGateway } from '../support/gateway.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const VERDICT = '{ session { verdict { state } } }';

describe('tilt-graphql query', () => {
  it('query prints data as JSON', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const { code, stdout, stderr } = await clients.runToEnd(['query', VERDICT]);
    expect([code, JSON.parse(stdout), stderr]).toEqual([
      0,
      { session: { verdict: { state: 'PASSED' } } },
      '',
    ]);
  });

  it('query reads the document from a file or standard input, with variables and an operation name', async () => {
    await using folder = await createTemporaryFolder();
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const text = 'query A($id: ID) { session(id: $id) { id } } query B { gateway { version } }';
    await folder.write('two.graphql', text);
    await folder.write('variables.json', '{"id":"tilt-default/Tiltfile"}');
    const args = ['query', '--operation', 'A', '--variables', `@${folder.file('variables.json')}`];
    const piped = clients.run([...args, '-']);
    piped.process.stdin.end(text);
    const [fromFile, code] = [
      await clients.runToEnd([...args, '--file', folder.file('two.graphql')]),
      await piped.exit,
    ];
    expect([fromFile.code, code]).toEqual([0, 0]);
    expect(JSON.parse(fromFile.stdout)).toEqual({ session: { id: 'tilt-default/Tiltfile' } });
    expect(piped.stdout).toBe(fromFile.stdout);
  });

  it('query prints one line per payload of a subscription, and per change with --watch', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok', 8);
    const commands = [
      clients.run(['query', `subscription ${VERDICT}`]),
      clients.run(['query', '--watch', VERDICT]),
      clients.run(['query', '--watch', '--template', '{{session.verdict.state}}', VERDICT]),
    ];
    for (const command of commands) await command.until(/PENDING.*\n/);
    await clients.play('ci-ok');
    for (const command of commands) await command.until(/PASSED.*\n/);
    const lines = ['PENDING', 'PASSED'].map((state) => JSON.stringify({ session: { verdict: { state } } }));
    expect(commands.map(({ stdout }) => stdout)).toEqual([
      `${lines.join('\n')}\n`,
      `${lines.join('\n')}\n`,
      'PENDING\nPASSED\n',
    ]);
    commands[0]?.process.kill('SIGINT');
    expect(await commands[0]?.exit).toBe(130);
    commands[1]?.process.stdout.destroy();
    await clients.put(sessionJson({ status: { done: true, error: 'no' } }));
    expect(await commands[1]?.exit).toBe(0);
  });

  it.each([
    ['{ session { verdict { state } } }', []],
    ['{ sessions { totalCount } }', ['--output', 'table']],
  ])(
    'query %j names the demo on standard error if the gateway knows nothing else',
    async (document, args) => {
      await using gateway = await startGateway({ providers: [createDemoProvider({ clock: systemClock })] });
      await gateway.gateway.ready();
      const { code, stderr } = await runCliToEnd(['query', '--url', gateway.origin, document, ...args]);
      expect([code, stderr]).toEqual([0, 'tilt-graphql: demo/Tiltfile is the built-in demo, not a Tilt\n']);
    },
  );

  it('query does not name the demo if the gateway knows another Session', async () => {
    const source = createMemoryProvider('a', [session('a', { x: 'running' })]);
    const demo = createDemoProvider({ clock: systemClock });
    await using gateway = await startGateway({ providers: [source.provider, demo] });
    await gateway.gateway.ready();
    const { code, stderr } = await runCliToEnd(['query', '--url', gateway.origin, '{ session { id } }']);
    expect([code, stderr]).toEqual([0, '']);
  });

  it('query prints lists as tables', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-ok');
    const document = '{ targets { name phase resources } session { id verdict { state } } }';
    const { code, stdout } = await clients.runToEnd(['query', '--output', 'table', document]);
    expect([code, stdout]).toEqual([
      0,
      [
        'name             phase      resources',
        'db:serve         READY      db',
        'e2e:update       SUCCEEDED  e2e',
        'lint:update      SUCCEEDED  lint',
        'tiltfile:update  SUCCEEDED  (Tiltfile)',
        '',
        'id                     verdict.state',
        'tilt-default/Tiltfile  PASSED',
        '',
      ].join('\n'),
    ]);
  });

  it('query renders a template', async () => {
    await using clients = await startCliClients();
    await clients.play('ci-bad');
    const document = '{ session { id verdict { state failed { name } } } }';
    const template =
      '{{session.id}}: {{session.verdict.state}}{{#session.verdict.failed}}\\n- {{name}}{{/session.verdict.failed}}';
    const { code, stdout } = await clients.runToEnd(['query', '--template', template, document]);
    expect([code, stdout]).toEqual([0, 'tilt-default/Tiltfile: FAILED\n- unit:update\n']);
  });

  it('query exits with 1 and one line per GraphQL error', async () => {
    await using clients = await startCliClients();
    for (const document of ['{ gateway { one two } }', 'subscription { session { one two } }']) {
      const { code, stdout, stderr } = await clients.runToEnd(['query', document]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^tilt-graphql: Cannot query field "one"/),
        expect.stringMatching(/^tilt-graphql: Cannot query field "two"/),
      ]);
    }
  });

  it('query exits with 3 when no gateway responds or the token is rejected', async () => {
    await using gateway = await startGateway({ token: 'known-to-its-clients' });
    const refused = await runCliToEnd(['query', '--url', gateway.origin, '{ gateway { version } }']);
    expect([refused.code, refused.stderr]).toEqual([3, expect.stringMatching(/^tilt-graphql: .*token.*\n$/)]);
    const away = await runCliToEnd(['query', '--url', 'http://127.0.0.1:9', '{ gateway { version } }']);
    expect([away.code, away.stderr]).toEqual([
      3,
      expect.stringMatching(/^tilt-graphql: .*127\.0\.0\.1:9.*\n$/),
    ]);
  });

  it('query reads a token from the environment, a file, or the link that serve prints', async () => {
    await using folder = await createTemporaryFolder();
    await folder.write('token', 'known-to-its-clients\n');
    await using gateway = await startGateway({ token: 'known-to-its-clients' });
    const ask = (args: readonly string[], env = {}) =>
      runCliToEnd(['query', '{ sessions { totalCount } }', ...args], env);
    const answers = await Promise.all([
      ask(['--url', gateway.url], { TILT_GRAPHQL_TOKEN: 'known-to-its-clients' }),
      ask(['--url', gateway.url, '--token-file', folder.file('token')]),
      ask(['--url', `${gateway.url}?token=known-to-its-clients`]),
    ]);
    expect(answers.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
  });

  it('query tries the next gateway when one is unreachable', async () => {
    await using gateway = await startGateway({});
    const urls = `http://127.0.0.1:9,${gateway.origin}`;
    const { code } = await runCliToEnd(['query', '{ sessions { totalCount } }'], { TILT_GRAPHQL_URL: urls });
    expect(code).toBe(0);
  });

  it('query prints no terminal escape sequences', async () => {
    await using clients = await startCliClients();
    const name = 'a\u001b[2J\u009bb\u202ec';
    await clients.put(sessionJson({ targets: [{ name, type: 'job', resources: [], state: {} }] }));
    for (const output of ['json', 'table']) {
      const { stdout } = await clients.runToEnd(['query', '--output', output, '{ targets { name } }']);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
    }
    const { stdout } = await clients.runToEnd(['query', '{ targets { name } }']);
    expect(JSON.parse(stdout)).toEqual({ targets: [{ name }] });
  });
});

describe('invalid input to query', () => {
  it.each<[string, string[], RegExp]>([
    ['no document', [], /expected a document: as an argument/],
    ['two documents', [VERDICT, '--file', 'x.graphql'], /expected one document/],
    ['a missing file', ['--file', '/nonexistent'], /--file \/nonexistent: .*ENOENT/],
    ['a document that does not parse', ['{ session '], /the document, line 1, column 11: Syntax Error/],
    ['a fragment alone', ['fragment F on Session { id }'], /expected a query or a subscription/],
    ['several operations', ['query A { a } query B { b }'], /--operation: expected one of A, B/],
    ['an unknown operation', ['query A { a }', '--operation', 'B'], /--operation: expected one of A, got B/],
    ['variables that are not JSON', [VERDICT, '--variables', '{'], /--variables: expected JSON/],
    [
      'variables that are not an object',
      [VERDICT, '--variables', '[]'],
      /--variables: expected a JSON object/,
    ],
    ['an unclosed template section', [VERDICT, '--template', '{{#a}}'], /--template: expected \{\{\/a\}\}/],
    ['a missing template', [VERDICT, '--output', 'template'], /--output template: expected --template TEXT/],
    [
      'a template with JSON output',
      [VERDICT, '--output', 'json', '--template', 'x'],
      /expected --output template/,
    ],
  ])('query exits with 2 and a one-line error for %s', async (_, args, expected) => {
    const { code, stdout, stderr } = await runCliToEnd(['query', ...args]);
    expect(stderr.trimEnd()).toMatch(expected);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect([code, stdout]).toEqual([2, '']);
  });
});
