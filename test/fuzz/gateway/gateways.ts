import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Violation } from '../harness/violation.js';
import type { GatewayReport, Heap, Question, Ready } from './messages.js';
import { startWitness, type Witness } from './witness.js';

/** A gateway in its own process. */
export interface FuzzedGateway {
  readonly port: number;
  /** Throws if the healthy client was disturbed. Then it is replaced, so the error is reported once. */
  checkWitness(): Promise<void>;
  /** Rejects with the last error output if the process ended. */
  report(): Promise<GatewayReport>;
  heap(): Promise<Heap>;
}

/** The gateway that receives the inputs. Its process ends at the end of the `await using` block. */
export interface Gateways extends AsyncDisposable {
  /** The running gateway. It is started at the first call, and restarted after it ended. */
  running(): Promise<FuzzedGateway>;
}

/** Creates the handle. No gateway is started yet. */
export function createGateways(): Gateways {
  let current: Promise<Started> | null = null;
  return {
    async running() {
      if (current === null || (await current).hasEnded()) current = start();
      return current;
    },
    async [Symbol.asyncDispose]() {
      await (await current)?.stop();
      current = null;
    },
  };
}

/** Timeout for an answer of the process, in milliseconds. */
const ANSWER_TIMEOUT_MS = 30_000;

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
  const lastOutput = collectErrors(child);
  let ended: string | null = null;
  const exit = once(child, 'exit').then(([code, signal]) => {
    ended = `by ${signal ?? `exit code ${code}`}: ${lastOutput()}`;
  });
  const { port } = await next<Ready>();
  let witness: Witness = await startWitness(port);
  return {
    port,
    async checkWitness() {
      try {
        witness.assertUndisturbed();
      } catch (error) {
        witness.end();
        witness = await startWitness(port);
        throw error;
      }
    },
    report: () => ask<GatewayReport>('report'),
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

  /** Resolves with the next message. Rejects if the process ends or does not answer. */
  function next<T>(): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        // The process is of no more use: the next input starts another.
        child.kill('SIGKILL');
        settle(() => reject(new Violation(`the gateway did not answer within ${ANSWER_TIMEOUT_MS} ms`)));
      }, ANSWER_TIMEOUT_MS);
      child.once('message', onMessage);
      void exit.then(onExit);

      function onMessage(message: T): void {
        settle(() => resolve(message));
      }

      function onExit(): void {
        settle(() => reject(new Violation('the gateway ended', ended ?? '')));
      }

      function settle(how: () => void): void {
        clearTimeout(timer);
        child.off('message', onMessage);
        how();
      }
    });
  }
}

/** Collects the end of a process's standard error. */
function collectErrors({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (bytes) => {
    text = (text + String(bytes)).slice(-4_000);
  });
  return () => text.trim();
}
