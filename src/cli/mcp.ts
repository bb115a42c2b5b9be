import { once } from 'node:events';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createClient } from '../client/client.js';
import { systemClock } from '../lib/clock.js';
import { createMcpServer } from '../mcp/server.js';
import { tools } from '../mcp/tools.js';
import { type CliProcess, listenForInterruption } from './cli-process.js';
import { toClientOptions } from './gateway-client.js';
import type { McpFlags } from './options/client.js';
import { createOutput } from './output.js';
import { terminalText } from './text.js';

/**
 * Serves an agent over standard input and output until one of them is closed or a signal arrives. Resolves
 * with the exit code; rejects with an `OutputError` when an answer cannot be written. Each tool call
 * connects to the gateway, so the gateway may start later.
 */
export async function runMcp({ client: flags }: McpFlags, cli: CliProcess): Promise<number> {
  const client = createClient(await toClientOptions(flags, cli.env));
  const interruption = listenForInterruption(cli);
  const output = createOutput(cli.stdout);
  const signal = AbortSignal.any([interruption.signal, output.gone]);
  const inputEnded = Promise.race([once(cli.stdin, 'end', { signal }), once(cli.stdin, 'close', { signal })]);
  const connection = serveStdio(() => createMcpServer(tools, client, systemClock), {
    transport: new StdioServerTransport(cli.stdin, cli.stdout),
    onerror({ message }) {
      // Output errors are reported at the end.
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
