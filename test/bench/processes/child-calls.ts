import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Api, Call, Reply } from './messages.js';

/** A process that answers calls. Killed at the end of its `await using` block, or when the signal aborts. */
export interface Child<A extends Api> extends AsyncDisposable {
  /** Calls a function. Rejects when it fails, when the process ends, or after `timeoutMs` (default: 60 s). */
  call<K extends keyof A & string>(
    name: K,
    input?: Parameters<A[K]>[0],
    timeoutMs?: number,
  ): Promise<Awaited<ReturnType<A[K]>>>;
}

/**
 * Wraps a process that answers calls with `answerCalls`.
 *
 * @param name name of the process in errors
 */
export function callable<A extends Api>(child: ChildProcess, name: string): Child<A> {
  const pending = new Map<number, (reply: Reply) => void>();
  const lastError = collectErrors(child);
  let ended: string | null = null;
  let count = 0;

  child.on('message', (text) => {
    const reply: Reply = JSON.parse(String(text));
    pending.get(reply.id)?.(reply);
  });
  child.on('error', (error) => end(error.message));
  child.on('exit', (code, by) => end(`ended (${by ?? code}) ${lastError()}`));

  return {
    call(method, input, timeoutMs = 60_000) {
      count += 1;
      const id = count;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => answer({ id, ok: false, error: `no answer within ${timeoutMs} ms` }),
          timeoutMs,
        );
        const question: Call = { id, name: method, input };
        pending.set(id, answer);
        if (ended !== null) answer({ id, ok: false, error: ended });
        else child.send(JSON.stringify(question), () => {});

        function answer(reply: Reply): void {
          clearTimeout(timer);
          pending.delete(id);
          if (reply.ok) resolve(JSON.parse(reply.output));
          else reject(new Error(`${name} ${method}: ${reply.error}`));
        }
      });
    },
    async [Symbol.asyncDispose]() {
      if (ended !== null) return;
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };

  function end(reason: string): void {
    ended ??= reason;
    for (const [id, answer] of pending) answer({ id, ok: false, error: reason });
  }
}

/** Returns the line of standard error that names an error, or else the last line. */
function collectErrors({ stderr }: ChildProcess): () => string {
  let text = '';
  stderr?.on('data', (bytes) => {
    text = (text + String(bytes)).slice(-2_000);
  });
  return () => text.split('\n').find((line) => /error/i.test(line)) ?? text.split('\n').at(-2) ?? '';
}
