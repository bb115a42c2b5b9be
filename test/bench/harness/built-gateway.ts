import { type ChildProcess, fork } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { type Child, callable } from '../processes/child-calls.js';
import type { LoopMonitorApi } from '../servers/loop-monitor.js';
import { builtFolder } from './build.js';
import { ROOT } from './child.js';

/** The built program in its own process, as users run it. */
export interface BuiltGateway extends Child<LoopMonitorApi> {
  readonly port: number;
  /** Adds or replaces a session, given as JSON object. */
  put(session: object): void;
}

/** Starts the program with default limits. It reads sessions from standard input. */
export async function startBuiltGateway(signal: AbortSignal): Promise<BuiltGateway> {
  const monitor = pathToFileURL(`${builtFolder}/servers/loop-monitor.js`).href;
  const process = fork(`${ROOT}/dist/bin/tilt-graphql.js`, ['serve', '--port', '0', '--source', '-'], {
    execArgv: ['--expose-gc', '--import', monitor],
    env: { HOME: '/nonexistent', NODE_ENV: 'production' },
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
    signal,
    killSignal: 'SIGKILL',
  });
  const child = callable<LoopMonitorApi>(process, 'tilt-graphql');
  const port = await portOf(process);
  return { ...child, port, put: (session) => void process.stdin?.write(`${JSON.stringify(session)}\n`) };
}

function portOf(process: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    process.stdout?.on('data', (bytes) => {
      text += String(bytes);
      const [, port] = /http:\/\/[^/]+:(\d+)\/graphql/.exec(text) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
    process.once('exit', () => reject(new Error('the gateway did not start')));
  });
}
