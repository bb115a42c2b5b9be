import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import type { CliProcess } from '../../../src/cli/cli-process.js';
import { main } from '../../../src/cli/main.js';
import { applySplices, awkwardTexts, hostileTexts, splices } from '../arbitraries/texts.js';
import { assertNoLeak, assertOneLine } from '../harness/invariants.js';
import { defineSurface } from '../harness/surface.js';
import { formatValue, Violation } from '../harness/violation.js';

/** Arguments and environment of a command. */
interface CommandLine {
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const OPTIONS = [
  ...['-p', '--port', '--host', '-s', '--source', '--kubeconfig', '--context', '--retain', '--query-cache'],
  ...['--log-level', '--log-format', '-h', '--help', '-V', '--version', '--allow-host', '--allow-origin'],
  ...['--token-file', '--jwks', '--jwt-claim', '--tls-cert', '--tls-key', '--path-prefix', '--trust-proxy'],
  ...['--limit', '--documents', '--no-introspection', '--no-graphiql', '--'],
];

const COMMANDS = ['serve', 'schema', 'help', 'constructor', '__proto__', 'toString', 'servr', ''];

/** Option values and near misses. None makes the gateway listen beyond this machine. */
const VALUES = [
  ...['0', '-1', '65536', '00', '1e3', '0x10', ' 0', '٣', 'NaN', ''],
  ...['127.0.0.1', 'localhost', '::1', '127.0.0.256', '[::1]', '::ffff:127.0.0.1', '256.1.1.1'],
  ...['demo', 'demo:1', 'demo:-1', 'demo:99999999999', 'tilt', 'tilt:', 'tilt:x', '-', 'a=demo', '=demo'],
  ...['a=', 'a=tilt', 'nats://x', 'http://x', '/nonexistent', '/dev/null', '/nonexistent/../x.yaml'],
  ...['1h', '0s', '1', '-1h', '1e9d', '9'.repeat(300), `${'9'.repeat(300)}d`, '.5s', '1.5.5s'],
  ...['32M', '0', '-1', '1T', '9007199254740993', '99999999G'],
  ...['silent', 'debug', 'DEBUG', 'text', 'json', 'yaml'],
  ...['tokens=1', 'tokens=0', 'tokens=', 'nope=1', '__proto__=1', 'constructor=1', 'depth=1,depth=2'],
  ...['https://example.com', 'https://example.com/path', 'null', '*', 'javascript:1'],
  ...['10.0.0.0/8', '10.0.0.0/33', '::/0', '10.0.0.0/-1', '10.0.0.0/', '/tilt', 'tilt', '/../..', '//'],
];

const misspelled = fc
  .tuple(fc.constantFrom(...OPTIONS, ...COMMANDS), splices(awkwardTexts, 2))
  .map(([word, all]) => applySplices(word, all));

const values = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: hostileTexts },
);

const words = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...OPTIONS) },
  { weight: 4, arbitrary: values },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...OPTIONS), values).map((pair) => pair.join('=')) },
  { weight: 2, arbitrary: misspelled },
  { weight: 1, arbitrary: fc.constantFrom('-pVh', '-p0', '-sdemo', '---', '-', '--=', '-=', '--port=') },
);

const pairs = fc.tuple(fc.constantFrom(...OPTIONS), values);

const VARIABLES = ['PORT', 'HOST', 'SOURCE', 'KUBECONFIG', 'RETAIN', 'QUERY_CACHE', 'LOG_LEVEL', 'LIMIT'];

const lines: fc.Arbitrary<CommandLine> = fc.record({
  words: fc
    .tuple(
      fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.constantFrom(...COMMANDS).map((command) => [command]) },
      ),
      fc.oneof(
        { weight: 1, arbitrary: fc.array(words, { maxLength: 5 }) },
        { weight: 1, arbitrary: fc.array(pairs, { maxLength: 3 }).map((all) => all.flat()) },
      ),
    )
    .map(([command, rest]) => [...command, ...rest].map(withoutNul)),
  env: fc.oneof(
    { weight: 3, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom(...VARIABLES), values)
        .map(([name, value]) => ({ [`TILT_GRAPHQL_${name}`]: withoutNul(value) })),
    },
  ),
});

/** Removes NUL characters, which end arguments and environment variables on every system. */
function withoutNul(text: string): string {
  return text.replaceAll('\0', '');
}

/** Command lines and environment variables. A command that starts to serve receives SIGTERM at once. */
export const commandLine = defineSurface({
  name: 'command-line',
  share: 90,
  arbitrary: lines,
  count: () => 1,
  async check({ words: all, env }) {
    const printed = { out: '', err: '' };
    const code = await withEnvironment({ ...QUIET, ...env }, () =>
      main(['node', 'tilt-graphql', ...all], createFakeProcess(printed)),
    );
    assertNoLeak(printed.err, 'standard error');
    if (![0, 1, 2].includes(code)) throw new Violation('an undefined exit code', code);
    if (code === 0) assertOutput(printed.out);
    else assertErrorLines(printed.err);
  },
});

const QUIET = {
  TILT_CONFIG: '/nonexistent/config',
  TILT_GRAPHQL_PORT: '0',
  TILT_GRAPHQL_LOG_LEVEL: 'silent',
};

/** Replaces the environment of this process while a task runs, because options are read from it. */
async function withEnvironment<T>(env: Readonly<Record<string, string>>, task: () => Promise<T>): Promise<T> {
  const before = process.env;
  process.env = { ...before, ...env };
  try {
    return await task();
  } finally {
    process.env = before;
  }
}

/** This process with captured output. A listener for SIGTERM is called at once. */
function createFakeProcess(printed: { out: string; err: string }): CliProcess {
  const into = (stream: 'out' | 'err') => ({
    write(text: string, onWritten?: () => void) {
      printed[stream] += text;
      onWritten?.();
    },
    on() {},
    off() {},
    writableLength: 0,
  });
  const on = (event: string, listener: (signal: string) => void) => {
    if (event === 'SIGTERM') setImmediate(listener, event);
  };
  return Object.create(process, {
    stdin: { value: new PassThrough().end() },
    stdout: { value: into('out') },
    stderr: { value: into('err') },
    on: { value: on },
    off: { value: () => {} },
  });
}

function assertOutput(out: string): void {
  if (out.trim() === '') throw new Violation('exit code 0 without output');
}

/** Asserts one line, or two when the second is a suggestion. */
function assertErrorLines(err: string): void {
  const [line = '', ...rest] = err.replace(/\n$/, '').split('\n');
  assertOneLine(line, 'standard error');
  if (!line.startsWith('tilt-graphql: '))
    throw new Violation('the line does not start with the name of the program', line);
  const [suggestion = '(Did you mean', ...more] = rest;
  if (more.length > 0 || !suggestion.startsWith('(Did you mean'))
    throw new Violation('more than one line on standard error', formatValue(err));
}
