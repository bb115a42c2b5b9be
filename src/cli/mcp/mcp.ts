import { once } from 'node:events';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import { createClient } from '../../client/client.js';
import { createMcpServer } from '../../mcp/server.js';
import { oneLine } from '../../model/one-line.js';
import type { CliProcess } from '../cli-process.js';
import { type ClientFlags, clientOptionsOf } from '../client-options.js';
import { listenForInterruption } from '../interruption.js';

/**
 * Serves an agent over standard input and output, until it ends the one or a signal comes. Resolves with the exit code. The
 * gateway is asked when the agent asks, so it may start later.
 */
export async function mcp(flags: ClientFlags, cli: CliProcess): Promise<number> {
  const client = createClient(await clientOptionsOf(flags, cli.env));
  const interruption = listenForInterruption(cli);
  const hungUp = once(cli.stdin, 'end', { signal: interruption.signal });
  const connection = serveStdio(() => createMcpServer(client), {
    transport: new StdioServerTransport(cli.stdin, cli.stdout),
    onerror: ({ message }) => void cli.stderr.write(`tilt-graphql: ${oneLine(message)}\n`),
  });
  try {
    await hungUp.catch(() => {});
    return interruption.exitCode ?? 0;
  } finally {
    interruption.end();
    await connection.close();
    client.close();
  }
}
