import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';
import { startCliClients } from '../support/cli-client.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Output of npm when it installed the package. */
let installed = '';

/** An empty folder with the packed package installed as by a user. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [, name = ''] = /"filename": "([^"]+)"/.exec(stdout) ?? [];
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const install = await run('npm', ['install', '--prefer-offline', '--no-audit', join(folder, name)], {
    cwd: folder,
  });
  installed = install.stdout + install.stderr;
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the npm package', () => {
  it('installs a working tilt-graphql command in an empty folder', async () => {
    await using command = runCli(
      ['--port', '0', '--source', 'demo'],
      {},
      join(folder, 'node_modules/.bin/tilt-graphql'),
    );
    const [, url = ''] = await command.until(/listens on (http:\S+)/);
    const answer = await fetch(`${url}?query={session{id}}`);
    expect(await answer.json()).toEqual({ data: { session: { id: 'demo/Tiltfile' } } });
    const headers = { accept: 'text/html' };
    expect(await (await fetch(url, { headers })).text()).toContain('GraphiQL');
    expect(await (await fetch(new URL('/', url), { headers })).text()).toContain('<title>');
    expect(await (await fetch(new URL('/metrics', url))).text()).toContain('# HELP');
  });

  it('exports the library and the schema', async () => {
    await writeFile(
      join(folder, 'embed.js'),
      `import { createGateway, createMemoryProvider, typeDefs } from 'tilt-graphql';
       import { readFileSync } from 'node:fs';
       const schema = readFileSync(new URL(import.meta.resolve('tilt-graphql/schema.graphql')), 'utf8');
       const gateway = createGateway({ providers: [createMemoryProvider('mine').provider] });
       const { port } = await gateway.listen(0);
       const answer = await fetch('http://127.0.0.1:' + port + '/graphql?query={sessions{totalCount}}');
       console.log(schema === typeDefs, await answer.text());
       await gateway.close();`,
    );
    const { stdout } = await run(process.execPath, ['embed.js'], { cwd: folder });
    expect(stdout).toBe('true {"data":{"sessions":{"totalCount":0}}}\n');
  });

  it('runs wait, watch and complete after installation, also through npm exec, which passes on exit codes', async () => {
    await using clients = await startCliClients();
    const env = { ...process.env, TILT_GRAPHQL_URL: clients.gateway.origin };
    const exec = (...args: readonly string[]) =>
      run('npm', ['exec', '--offline', '--', 'tilt-graphql', ...args], { cwd: folder, env }).then(
        ({ stdout }) => ({ code: 0, stdout }),
        ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
      );
    await clients.play('ci-ok');
    const report = join(folder, 'report.xml');
    expect(await exec('wait', '--for', 'done', '--junit', report)).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^reached: /),
    });
    expect(await readFile(report, 'utf8')).toMatch(/<testsuites [^>]*tests="4" /);
    await clients.play('ci-bad');
    await clients.gateway.session().until({ verdict: { state: 'FAILED' } });
    expect(await exec('wait')).toEqual({ code: 1, stdout: expect.stringMatching(/^failed: /) });
    expect((await exec('wait', '--url', 'http://127.0.0.1:9', '--max-age', '1s')).code).toBe(3);
    expect((await exec('wait', '--for', 'nothing')).code).toBe(2);
    expect((await exec('query', '{ session { verdict { state } } }')).stdout).toContain('"FAILED"');
    expect((await exec('complete', '--', 'wat')).stdout).toMatch(/^watch\t/);
  }, 60_000);

  it('installs the dependencies of the library and bundles those of the program', async () => {
    const { packages } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
    const names = Object.keys(packages);
    const { stdout } = await run('du', ['-sk', 'node_modules'], { cwd: folder });
    console.log(
      `installed: ${names.length} packages, ${(Number.parseInt(stdout, 10) / 1024).toFixed(1)} MiB`,
    );
    expect(names).toContain('node_modules/graphql-yoga');
    expect(names).not.toContain('node_modules/commander');
    expect(names).not.toContain('node_modules/zod');
    const licenses = await readFile(join(folder, 'node_modules/tilt-graphql/dist/bin/LICENSES.txt'), 'utf8');
    for (const bundled of ['commander', 'zod', 'graphql'])
      expect(licenses).toMatch(new RegExp(`^${bundled} \\d`, 'm'));
  });

  it('has no install scripts, about which npm would warn', async () => {
    const manifest = JSON.parse(
      await readFile(join(folder, 'node_modules/tilt-graphql/package.json'), 'utf8'),
    );
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare'])
      expect(manifest.scripts).not.toHaveProperty(script);
    expect(installed).not.toContain('install scripts');
    expect(installed).not.toContain('tilt-graphql@');
  });

  it('contains the expected files and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root });
    const paths = [...stdout.matchAll(/"path": "([^"]+)"/g)].map(([, path = '']) => path);
    const others = paths.filter((path) => !path.startsWith('dist/')).sort();
    expect(others).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'schema.graphql']);
  });
});
