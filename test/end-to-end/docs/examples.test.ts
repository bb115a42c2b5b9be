import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import { buildSchema, OperationTypeNode, parse, validate } from 'graphql';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../../src/client/client.js';
import { typeDefs } from '../../../src/graphql/schema.js';
import { systemClock } from '../../../src/lib/clock.js';
import { createDemoProvider } from '../../../src/providers/demo/demo.js';
import { blocksOf, readPages } from '../../docs/pages.js';
import { BIN } from '../../support/cli.js';
import { startGateway, type TestGateway } from '../../support/gateway.js';
import { createTemporaryFolder } from '../../support/temporary-folder.js';
import { createPeerFolder } from '../support/peers.js';

// What is tried of the pages in docs/: every block of `graphql` is valid and has an answer on the demo. Blocks marked `run`
// are run: `sh run` with tilt-graphql on the PATH and the demo at the address that the pages name, http://127.0.0.1:4000;
// `js run` with tilt-graphql installed, and it has to print what stands behind `//` on its lines of console.log.

const run = promisify(execFile);
const blocks = blocksOf(readPages().filter(({ path }) => path.startsWith('docs/')));
const marked = (wanted: string) =>
  blocks.filter(({ language, mark }) => mark === 'run' && language === wanted);

let demo: TestGateway;
beforeAll(async () => {
  demo = await startGateway({ providers: [createDemoProvider({ clock: systemClock })] });
  await demo.gateway.ready();
});
afterAll(() => demo[Symbol.asyncDispose]());

describe('what the pages show', () => {
  it.each(blocks.filter(({ language, mark }) => language === 'graphql' && mark === null))(
    'is valid, and has an answer: $page: $code',
    async ({ code }) => {
      const document = parse(code);
      expect(validate(buildSchema(typeDefs), document)).toEqual([]);
      const [operation] = document.definitions;
      const client = createClient({ url: demo.url });
      const isQuery =
        operation?.kind === 'OperationDefinition' && operation.operation === OperationTypeNode.QUERY;
      const answer = isQuery ? await client.query(code) : await first(client.subscribe(code));
      client.close();
      expect(answer).toBeTypeOf('object');
    },
  );

  it.each(marked('sh'))('runs in a shell: $page: $code', async ({ code }) => {
    await using folder = await createTemporaryFolder();
    await folder.write('tilt-graphql', `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
    await chmod(folder.file('tilt-graphql'), 0o755);
    const PATH = `${folder.path}:${process.env.PATH}`;
    const env = { PATH, HOME: folder.path, TILT_GRAPHQL_URL: demo.url };
    const script = code.replaceAll('http://127.0.0.1:4000', demo.origin);
    await expect(run('sh', ['-e', '-c', script], { cwd: folder.path, env })).resolves.toBeDefined();
  });

  it.each(marked('js'))('runs in Node.js, and prints what it says: $page: $code', async ({ code }) => {
    await using folder = await createPeerFolder();
    await folder.write('page.mjs', code.replace('listen(4000)', 'listen(0)'));
    const { stdout } = await run(process.execPath, ['page.mjs'], { cwd: folder.path });
    const said = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(stdout.trim().split('\n')).toEqual(said);
  });
});

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
