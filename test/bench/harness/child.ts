import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Child, callable } from '../processes/child-calls.js';
import type { Api } from '../processes/messages.js';
import { builtFolder } from './build.js';

/**
 * Starts one of the built processes.
 *
 * @param file path without extension, such as `servers/yoga`
 * @param signal kills the process
 * @param folder working directory, whose `dist` the process loads. Default: the project's root
 */
export function startChild<A extends Api>(file: string, signal: AbortSignal, folder = ROOT): Child<A> {
  const child = fork(`${builtFolder}/${file}.js`, {
    cwd: folder,
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  return callable(child, file);
}

/** Root folder of the project. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
