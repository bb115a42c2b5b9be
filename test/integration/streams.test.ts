import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { startCliClients } from '../support/cli-client.js';
import { findFreePort } from '../support/free-port.js';
import { sessionJson } from '../support/session-json.js';
import { collectOutput, runShell, startShell } from '../support/shell.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const FULL = /^tilt-graphql: cannot write to standard output: .*ENOSPC.*\n$/;

/** Commands whose purpose is to print and that exit by themselves. */
const PRINTING = [
  'tilt-graphql schema',
  'tilt-graphql completion bash',
  'tilt-graphql completion powershell',
  'tilt-graphql complete -- wa',
  'tilt-graphql help',
  'tilt-graphql help wait',
  'tilt-graphql --help',
  'tilt-graphql wait --help',
  'tilt-graphql --version',
  "tilt-graphql query '{ session { id } }'",
  "tilt-graphql query -o table '{ session { id } }'",
] as const;

/** Commands that report a verdict or an error, with their exit codes. */
const JUDGED: readonly (readonly [line: string, code: number])[] = [
  ['tilt-graphql wait --for done', 1],
  ['tilt-graphql wait -v --for target:lint:update=succeeded', 0],
  ['tilt-graphql logs', 3],
  ['tilt-graphql query nonsense', 2],
  ["tilt-graphql query '{ nonsense }'", 1],
  ["tilt-graphql query --url http://127.0.0.1:1 '{ session { id } }'", 3],
  ["tilt-graphql query '{ session { id } }'", 0],
  ['tilt-graphql nonsense', 2],
  ['tilt-graphql completion csh', 2],
  ['tilt-graphql schema', 0],
  ['tilt-graphql --version', 0],
  ['tilt-graphql watch --url nonsense', 2],
  ['tilt-graphql publish --to nonsense', 2],
  ['tilt-graphql mcp --url nonsense', 2],
  ['tilt-graphql mcp', 0],
  ['tilt-graphql serve --port nonsense', 2],
  ['tilt-graphql serve --source file:/nonexistent/x/y --port 70000', 2],
];

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
};

/** Creates a Session with one job that waits for this reason. */
function waitingJson(waitReason: string) {
  const state = { waiting: { waitReason } };
  return sessionJson({ uid: 'one', targets: [{ name: 'unit:update', type: 'job', resources: [], state }] });
}

/** Starts a gateway with a failed `tilt ci`, and returns the environment for commands that query it. */
async function startFailedRun() {
  const clients = await startCliClients();
  await clients.play('ci-bad');
  return {
    env: { TILT_GRAPHQL_URL: clients.gateway.origin },
    [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose](),
  };
}

/** Runs shell command lines in parallel. Resolves with exit code and standard error by command line. */
async function runAll(lines: readonly string[], redirection: string, env: Record<string, string>) {
  const results = await Promise.all(lines.map((line) => runShell(`${line} ${redirection}; exit $?`, env)));
  return new Map(lines.map((line, index) => [line, [results[index]?.code, results[index]?.stderr]]));
}

describe('standard output', () => {
  it.each<[redirection: string, code: number, stderr: unknown]>([
    ['>/dev/full', 1, expect.stringMatching(FULL)],
    ['> >(exec <&-)', 0, ''],
    ['>&-', 0, ''],
  ])(
    'with standard output %s, each command whose purpose is to print exits with %d',
    async (redirection, ...expected) => {
      await using run = await startFailedRun();
      const results = await runAll(PRINTING, redirection, run.env);
      expect(results).toEqual(new Map(PRINTING.map((line) => [line, expected])));
    },
  );

  it('a slow reader of standard output receives all of it', async () => {
    const { stdout } = await runShell('tilt-graphql schema | (sleep 2; wc -c)');
    const schema = await runShell('tilt-graphql schema');
    expect(Number(stdout)).toBe(Buffer.byteLength(schema.stdout));
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  it.each(['>/dev/full', '>&-', '> >(exec <&-)', '| true'])(
    'an unusable standard output changes neither exit code nor report of wait: wait %s',
    async (redirection) => {
      await using run = await startFailedRun();
      await using folder = await createTemporaryFolder();
      const report = folder.file('report.xml');
      const { code } = await runShell(
        `tilt-graphql wait --for done --junit '${report}' ${redirection}; exit \${PIPESTATUS[0]}`,
        run.env,
      );
      expect(code).toBe(1);
      expect(await readFile(report, 'utf8')).toContain('<testcase');
    },
  );

  it.each(['tilt-graphql watch -o json', "tilt-graphql query --watch '{ session { id } }'"])(
    'a full disk at standard output ends a command that follows changes with an error: %s',
    async (line) => {
      await using run = await startFailedRun();
      const { code, stderr } = await runShell(`${line} >/dev/full`, run.env);
      expect([code, stderr]).toEqual([1, expect.stringMatching(FULL)]);
    },
  );
});

describe('standard error', () => {
  it.each(['2>/dev/full', '2>&-', '2> >(exec <&-)'])(
    'standard error %s changes no exit code',
    async (redirection) => {
      await using run = await startFailedRun();
      const lines = JUDGED.map(([line]) => line);
      const results = await runAll(lines, `>/dev/null ${redirection}`, run.env);
      const codes = new Map([...results].map(([line, [code]]) => [line, code]));
      expect(codes).toEqual(new Map(JUDGED));
    },
  );
});

describe('a reader that closes standard output', () => {
  it('watch -o json exits at its next line after its reader has closed standard output', async () => {
    await using own = await startCliClients();
    await own.play('ci-bad', 4);
    const child = startShell(`tilt-graphql watch -o json | head -1; exit \${PIPESTATUS[0]}`, {
      TILT_GRAPHQL_URL: own.gateway.origin,
    });
    const result = collectOutput(child);
    await once(child.stdout, 'data');
    let round = 0;
    while (child.exitCode === null) {
      round += 1;
      await own.put(waitingJson(`round ${round}`));
    }
    expect(await result).toEqual({ code: 0, stdout: expect.stringMatching(/^\{.*\}\n$/), stderr: '' });
  });

  it('mcp exits when its reader closes standard output, without waiting for further requests', async () => {
    const child = startShell('tilt-graphql mcp > >(exec <&-); exit $?');
    const result = collectOutput(child);
    child.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect(await result).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('mcp exits with an error when standard output is a full disk', async () => {
    const child = startShell('tilt-graphql mcp >/dev/full');
    const result = collectOutput(child);
    child.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
    expect(await result).toMatchObject({ code: 1, stderr: expect.stringMatching(FULL) });
  });
});

describe('serve without usable output', () => {
  it.each([
    '2>/dev/full',
    '2>&1 | head -1',
    '>/dev/full',
    '>&-',
    '2>&-',
    '>/dev/full 2>&1',
    '>&- 2>&-',
    '| true',
  ])('serve keeps serving without usable output: serve %s', async (redirection) => {
    const port = await findFreePort();
    const child = startShell(
      `tilt-graphql serve --source demo --log-level debug --port ${port} ${redirection}`,
    );
    const result = collectOutput(child);
    const ask = () =>
      fetch(`http://127.0.0.1:${port}/graphql?query={gateway{version}}`).then(
        (response) => response.status,
        () => 0,
      );
    try {
      await expect.poll(ask, { timeout: 20_000 }).toBe(200);
      // Each request writes a log line.
      for (let request = 0; request < 5; request += 1) expect(await ask()).toBe(200);
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
    }
    await result;
  });

  it('serve logs its address when the start-up lines cannot be printed', async () => {
    const child = startShell('tilt-graphql serve --source demo --port 0 >/dev/full');
    const result = collectOutput(child);
    let log = '';
    child.stderr.on('data', (chunk) => {
      log += chunk;
    });
    try {
      await expect.poll(() => log).toMatch(/WARN .*start-up lines.*url=http:\S+\/graphql/);
    } finally {
      process.kill(-(child.pid ?? 0), 'SIGTERM');
    }
    await result;
  });
});
