import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { SessionJson } from './session-json.js';
import type { TiltServer } from './tilt-server.js';

/** A Tilt in a process of its own, which can be killed, and stopped in the midst of everything. */
export interface TiltProcess extends AsyncDisposable {
  /** Its entry in a kubeconfig. */
  readonly server: Pick<TiltServer, 'url' | 'token' | 'tls'>;
  /** Adds or replaces a Session and tells the watchers; resolves when that is under way. */
  put(session: SessionJson): Promise<void>;
  /** Resolves once somebody watches. */
  untilWatched(): Promise<void>;
  /** `SIGKILL`: it ends without a goodbye. `SIGSTOP`: its connections stay open, and nothing comes. `SIGCONT`: it goes on. */
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** What the process is asked; it answers each with a message. */
export type TiltRequest =
  | { readonly type: 'put'; readonly session: SessionJson }
  | { readonly type: 'watched' };

/** Starts a Tilt that has these Sessions. */
export async function startTiltProcess(...sessions: readonly SessionJson[]): Promise<TiltProcess> {
  const child = fork(new URL('./tilt-process-main.ts', import.meta.url), { execArgv: ['--import', 'tsx'] });
  const [server] = await once(child, 'message');
  const tilt: TiltProcess = {
    server,
    put: (session) => ask(child, { type: 'put', session }),
    untilWatched: () => ask(child, { type: 'watched' }),
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  for (const session of sessions) await tilt.put(session);
  return tilt;
}

async function ask(child: ChildProcess, request: TiltRequest): Promise<void> {
  const answered = once(child, 'message');
  child.send(request);
  await answered;
}
