import { once } from 'node:events';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createClient } from '../../client/client.js';
import { systemClock } from '../../lib/clock.js';
import { createMcpServer } from '../../mcp/server.js';
import type { CliProcess } from '../cli-process.js';
import { clientOptionsOf, type McpFlags } from '../client-options.js';
import { createOutput } from '../output.js';
import { terminalText } from '../safe-text.js';
import { listenForInterruption } from '../signals.js';

/**
 * Serves an agent over standard input and output, until it closes one of them or a signal comes. Resolves with the exit code;
 * rejects with an `OutputError` when an answer cannot be written. The gateway is asked when the agent asks, so it may start
 * later.
 */
export async function mcp({ client: flags }: McpFlags, cli: CliProcess): Promise<number> {
  const client = createClient(await clientOptionsOf(flags, cli.env));
  const interruption = listenForInterruption(cli);
  const output = createOutput(cli.stdout);
  const over = AbortSignal.any([interruption.signal, output.gone]);
  const inputEnded = Promise.race([
    once(cli.stdin, 'end', { signal: over }),
    once(cli.stdin, 'close', { signal: over }),
  ]);
  const connection = serveStdio(() => createMcpServer(client, systemClock), {
    transport: new StdioServerTransport(cli.stdin, cli.stdout),
    onerror({ message }) {
      // What is wrong with the output is reported at the end.
      if (!output.gone.aborted) cli.stderr.write(`tilt-graphql: ${terminalText(message)}\n`);
    },
  });
  try {
    await inputEnded.catch(() => {});
    output.throwIfFailed();
    return interruption.exitCode ?? 0;
  } finally {
    interruption.end();
    output.end();
    await connection.close();
    client.close();
  }
}
