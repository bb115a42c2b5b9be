import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the project that `npm run dev` reads. */
const SOURCES = ['package.json', 'tsconfig.json', 'schema.graphql', 'codegen.ts', '.build', 'src'];

const PATIENCE = { timeout: 60_000 };

it('npm run dev regenerates the types and restarts the gateway when schema.graphql changes', async () => {
  await using folder = await createTemporaryFolder();
  for (const name of SOURCES) await cp(`${ROOT}${name}`, folder.file(name), { recursive: true });
  await symlink(`${ROOT}node_modules`, folder.file('node_modules'));
  const dev = spawn('npm', ['run', 'dev', '--', '--source', 'demo', '--port', '0'], {
    cwd: folder.path,
    // A new process group, so that all of it can be killed.
    detached: true,
  });
  const exit = once(dev, 'exit');
  let output = '';
  dev.stdout.on('data', (chunk) => (output += chunk));
  dev.stderr.on('data', (chunk) => (output += chunk));
  const address = () => [...output.matchAll(/listens on (http:\S+)/g)].at(-1)?.[1] ?? null;
  try {
    await expect.poll(address, PATIENCE).not.toBeNull();
    const schema = await readFile(folder.file('schema.graphql'), 'utf8');
    const described = schema.replace(
      /^type Gateway \{$/m,
      '$&\n  "A field of this test."\n  addedByTest: Boolean',
    );
    await folder.write('schema.graphql', described);
    await expect
      .poll(() => readFile(folder.file('src/graphql/generated.ts'), 'utf8'), PATIENCE)
      .toContain('addedByTest?: Resolver<');
    await expect
      .poll(async () => {
        const answer = await fetch(`${address()}?query={gateway{addedByTest}}`).catch(() => null);
        return answer?.json();
      }, PATIENCE)
      .toEqual({ data: { gateway: { addedByTest: null } } });
  } finally {
    if (dev.pid !== undefined) process.kill(-dev.pid, 'SIGKILL');
    await exit;
  }
}, 180_000);
