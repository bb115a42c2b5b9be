import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Violation } from '../harness/violation.js';
import type { Account, Heap, Question, Ready } from './messages.js';
import { startWitness, type Witness } from './witness.js';

/** A gateway that runs in a process of its own. */
export interface FuzzedGateway {
  readonly port: number;
  /** Throws when the healthy client was disturbed: once, since there is another one then. */
  witnessMustBeUndisturbed(): Promise<void>;
  /** Rejects when the process has ended, with its last words. */
  account(): Promise<Account>;
  heap(): Promise<Heap>;
}

/** The gateway that inputs are fed to. Its process ends at the end of the block (`await using`). */
export interface Gateways extends AsyncDisposable {
  /** The one that runs: started at the first call, and anew when it has ended. */
  running(): Promise<FuzzedGateway>;
}

/** None runs yet. */
export function createGateways(): Gateways {
  let present: Promise<Started> | null = null;
  return {
    async running() {
      if (present === null || (await present).hasEnded()) present = start();
      return present;
    },
    async [Symbol.asyncDispose]() {
      await (await present)?.stop();
      present = null;
    },
  };
}

/** How long the process may stand still, in milliseconds. */
const PATIENCE_MS = 30_000;

interface Started extends FuzzedGateway {
  hasEnded(): boolean;
  stop(): Promise<void>;
}

async function start(): Promise<Started> {
  const child = fork(new URL('./gateway-process.ts', import.meta.url), {
    execArgv: ['--import', 'tsx', '--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const lastWords = collect(child);
  let ended: string | null = null;
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = `by ${signal ?? `exit code ${code}`}: ${lastWords()}`;
  });
  const { port } = await next<Ready>();
  let witness: Witness = await startWitness(port);
  return {
    port,
    async witnessMustBeUndisturbed() {
      try {
        witness.mustBeUndisturbed();
      } catch (error) {
        witness.end();
        witness = await startWitness(port);
        throw error;
      }
    },
    account: () => ask<Account>('account'),
    heap: () => ask<Heap>('heap'),
    hasEnded: () => ended !== null,
    async stop() {
      witness.end();
      child.kill('SIGKILL');
      await exit;
    },
  };

  function ask<T>(question: Question): Promise<T> {
    if (child.connected) child.send(question, () => {});
    return next();
  }

  /** The next message, or why none comes. */
  function next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // It would be of no more use: the next input gets another.
        child.kill('SIGKILL');
        settle(() => reject(new Violation(`the gateway stands still for ${PATIENCE_MS} ms`)));
      }, PATIENCE_MS);
      child.once('message', take);
      void exit.then(die);

      function take(message: T): void {
        settle(() => resolve(message));
      }

      function die(): void {
        settle(() => reject(new Violation('the gateway ended', ended ?? '')));
      }

      function settle(how: () => void): void {
        clearTimeout(timer);
        child.off('message', take);
        how();
      }
    });
  }
}

/** The end of what a process said on standard error. */
function collect({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (bytes) => {
    text = (text + String(bytes)).slice(-4_000);
  });
  return () => text.trim();
}
