import type { Api, Reply } from './messages.js';

/** Answers what the parent process asks, until it is gone: then this process ends too. */
export function answerCalls(api: Api): void {
  process.on('message', (text) => {
    // `never`: which function takes what is the business of the type that both sides share.
    const { id, name, input }: { id: number; name: string; input: never } = JSON.parse(String(text));
    answer(id, async () => {
      const called = api[name];
      if (!called) throw new Error(`There is no ${name} here.`);
      return called(input);
    });
  });
  process.on('disconnect', () => process.exit());
}

function answer(id: number, task: () => Promise<unknown>): void {
  task().then(
    (output) => send({ id, ok: true, output: JSON.stringify(output) ?? 'null' }),
    (error) => send({ id, ok: false, error: error instanceof Error ? error.message : String(error) }),
  );
}

function send(reply: Reply): void {
  process.send?.(JSON.stringify(reply));
}
