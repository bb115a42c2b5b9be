import { createClient } from '../../client/client.js';
import { type CliProcess, terminalSize } from '../cli-process.js';
import { clientOptionsOf } from '../client-options.js';
import { clientFailure, EXIT } from '../exit-code.js';
import { createOutput } from '../output.js';
import { isJobLog } from '../safe-text.js';
import { demoNote } from '../session-notices.js';
import { listenForInterruption } from '../signals.js';
import { operationIn, readDocument, readVariables } from './operation.js';
import { createPresenter } from './presenter.js';
import type { QueryFlags } from './query-options.js';

type Data = Readonly<Record<string, unknown>>;

/**
 * Asks a document and prints what is in `data`: once for a query, for each payload of a subscription. Resolves with the exit
 * code: 0 answered, or the reader of the output has left; 1 GraphQL rejected it (one line for each error, on standard error);
 * 3 the gateway could not be asked. Rejects with an `OutputError` when an answer cannot be written.
 */
export async function query(
  argument: string | undefined,
  { client: clientFlags, query: flags }: QueryFlags,
  cli: CliProcess,
  loadTypeDefs: () => Promise<string>,
): Promise<number> {
  const operation = operationIn(await readDocument(argument, flags.file, cli.stdin), flags);
  const variables = await readVariables(flags.variables);
  const present = await createPresenter({
    ...flags,
    isStream: operation.isSubscription,
    isTerminal: cli.stdout.isTTY,
    isJobLog: isJobLog(cli.env),
    document: operation.text,
    loadTypeDefs,
    tableWidth: () => (cli.stdout.isTTY ? terminalSize(cli.stdout, cli.env).columns : undefined),
  });
  const interruption = listenForInterruption(cli);
  const output = createOutput(cli.stdout, interruption.signal);
  const client = createClient(await clientOptionsOf(clientFlags, cli.env));
  const options = { signal: AbortSignal.any([interruption.signal, output.gone]) };
  try {
    if (!operation.isSubscription) {
      await output.write(present(await client.query<Data, Data>(operation.text, variables, options)));
      const note = flags.output === 'table' ? await demoNote(client, options.signal) : null;
      if (note !== null) cli.stderr.write(`tilt-graphql: ${note}\n`);
      return interruption.exitCode ?? EXIT.ok;
    }
    for await (const data of client.subscribe<Data, Data>(operation.text, variables, options)) {
      await output.write(present(data));
    }
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    output.throwIfFailed();
    if (output.gone.aborted) return EXIT.ok;
    return interruption.exitCode ?? clientFailure(error, cli.stderr);
  } finally {
    client.close();
    output.end();
    interruption.end();
  }
}
