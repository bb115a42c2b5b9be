import type { Api, Reply } from './messages.js';

/** Answers the calls of the parent process. Exits when the parent disconnects. */
export function answerCalls(api: Api): void {
  process.on('message', (text) => {
    // `never`: the type that both sides share determines the input of each function.
    const { id, name, input }: { id: number; name: string; input: never } = JSON.parse(String(text));
    answer(id, async () => {
      const called = api[name];
      if (!called)
        throw new Error(`Unknown function ${name}; expected one of ${Object.keys(api).join(', ')}.`);
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
