import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.js';

const run = promisify(execFile);
const root = new URL('../..', import.meta.url).pathname;

/** An empty folder into which the packed package was installed, as by a user. */
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tilt-graphql-package-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
  });
  const [, name = ''] = /"filename": "([^"]+)"/.exec(stdout) ?? [];
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', join(folder, name)], { cwd: folder });
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the package', () => {
  it('gives a working tilt-graphql in an empty folder', async () => {
    await using command = runCli(
      ['--port', '0', '--source', 'demo'],
      {},
      join(folder, 'node_modules/.bin/tilt-graphql'),
    );
    const [, url = ''] = await command.until(/listens on (http:\S+)/);
    const answer = await fetch(`${url}?query={session{id}}`);
    expect(await answer.json()).toEqual({ data: { session: { id: 'demo/Tiltfile' } } });
  });

  it('gives a library and the schema to import', async () => {
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

  it('holds what it needs and nothing else', async () => {
    const { stdout } = await run('npm', ['pack', '--dry-run', '--ignore-scripts', '--json'], { cwd: root });
    const paths = [...stdout.matchAll(/"path": "([^"]+)"/g)].map(([, path = '']) => path);
    const beside = paths.filter((path) => !path.startsWith('dist/')).sort();
    expect(beside).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json', 'schema.graphql']);
  });
});
