import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { SessionJson } from './session-json.js';
import type { TiltServer } from './tilt-server.js';

/** A fake Tilt in a process of its own, which can be killed or suspended. */
export interface TiltProcess extends AsyncDisposable {
  /** Address and credentials for a kubeconfig. */
  readonly server: Pick<TiltServer, 'url' | 'token' | 'tls'>;
  /** Adds or replaces a Session and notifies the watchers. Resolves when the event is being sent. */
  put(session: SessionJson): Promise<void>;
  /** Resolves when a watch is open. */
  untilWatched(): Promise<void>;
  /** `SIGKILL`: exits immediately. `SIGSTOP`: connections stay open without data. `SIGCONT`: resumes. */
  kill(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
}

/** A request to the process, which it answers with a message. */
export type TiltRequest =
  | { readonly type: 'put'; readonly session: SessionJson }
  | { readonly type: 'watched' };

/** Starts a fake Tilt with these Sessions. */
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
