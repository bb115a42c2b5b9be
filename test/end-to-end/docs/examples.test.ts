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

// Examples in docs/ are executed. Every `graphql` block must be valid and return a result from the demo.
// Blocks marked `run` are run: `sh run` with tilt-graphql on the PATH and the demo at the address in the
// pages, http://127.0.0.1:4000; `js run` with tilt-graphql installed, and must print what follows `//` on its
// console.log lines.

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

describe('the examples in docs/', () => {
  it.each(blocks.filter(({ language, mark }) => language === 'graphql' && mark === null))(
    'are valid GraphQL with a result from the demo: $page: $code',
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

  it.each(marked('sh'))('run in a shell: $page: $code', async ({ code }) => {
    await using folder = await createTemporaryFolder();
    await folder.write('tilt-graphql', `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
    await chmod(folder.file('tilt-graphql'), 0o755);
    const PATH = `${folder.path}:${process.env.PATH}`;
    const env = { PATH, HOME: folder.path, TILT_GRAPHQL_URL: demo.url };
    const script = code.replaceAll('http://127.0.0.1:4000', demo.origin);
    await expect(run('sh', ['-e', '-c', script], { cwd: folder.path, env })).resolves.toBeDefined();
  });

  it.each(marked('js'))('run in Node.js and print the documented output: $page: $code', async ({ code }) => {
    await using folder = await createPeerFolder();
    await folder.write('page.mjs', code.replace('listen(4000)', 'listen(0)'));
    const { stdout } = await run(process.execPath, ['page.mjs'], { cwd: folder.path });
    const documented = [...code.matchAll(/^console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
    expect(stdout.trim().split('\n')).toEqual(documented);
  });
});

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
