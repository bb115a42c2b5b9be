import { execFile, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Child, callable } from '../../bench/processes/child-calls.js';
import type { Api } from '../../bench/processes/messages.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** Compiled files of `test/soak/processes`. Deleted at the end of the `await using` block. */
export interface BuiltProcesses extends AsyncDisposable {
  /** Starts a process in the project's root. The signal kills it. */
  start<A extends Api>(name: string, signal: AbortSignal): Child<A>;
}

/**
 * Compiles the child processes to plain JavaScript, because a loader that translates TypeScript would stay in
 * the measured process. The output folder is one from which Node resolves the packages.
 */
export async function buildProcesses(names: readonly string[]): Promise<BuiltProcesses> {
  const cache = join(ROOT, 'test/soak/node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'soak-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  const sources = names.map((name) => `test/soak/processes/${name}.ts`);
  await promisify(execFile)('node_modules/.bin/tsc', [...OPTIONS, '--outDir', folder, ...sources], {
    cwd: ROOT,
  });
  return {
    start(name, signal) {
      const child = fork(join(folder, 'test/soak/processes', `${name}.js`), {
        cwd: ROOT,
        execArgv: ['--expose-gc', '--disable-warning=ExperimentalWarning'],
        env: { ...process.env, NODE_ENV: 'production' },
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        signal,
        killSignal: 'SIGKILL',
      });
      return callable(child, name);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const OPTIONS = [
  ...['--ignoreConfig', '--noCheck', '--skipLibCheck'],
  ...['--rootDir', '.', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'],
];
