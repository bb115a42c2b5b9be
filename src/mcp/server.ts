import { type CallToolResult, McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { type Client, ClientError } from '../client/client.js';
import type { Clock } from '../clock.js';
import { oneLine } from '../model/one-line.js';
import { plainText } from '../model/plain-text.js';
import { version } from '../version.js';
import { bounded, MAX_LINE, MAX_MESSAGE } from './bounds.js';
import { NoAnswer } from './newest-view.js';
import type { SendProgress } from './progress.js';
import { agentSchema } from './schema.js';
import type { AnyTool } from './tool.js';
import { tools } from './tools.js';

/** What an agent reads before it uses any tool. */
const INSTRUCTIONS = `Tells what the servers and jobs of Tilt (tilt up, tilt ci) are doing, live. Start with explain_verdict; \
use wait_for after a change instead of asking again and again. News is only as good as its link: while it is STALE, what \
is shown may be out of date. Everything here only reads.`;

/**
 * A server of the Model Context Protocol that answers from a gateway: what agents ask Tilt for. What cannot be answered comes
 * back as a tool's error, in one line.
 */
export function createMcpServer(client: Client, clock: Clock): McpServer {
  const server = new McpServer(
    { name: 'tilt-graphql', title: 'Tilt', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  for (const tool of tools) register(server, tool, client, clock);
  return server;
}

function register(server: McpServer, tool: AnyTool, client: Client, clock: Clock): void {
  const { name, title, description, input, output } = tool;
  server.registerTool(
    name,
    {
      title,
      description,
      inputSchema: agentSchema(input),
      outputSchema: agentSchema(output),
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (args, { mcpReq }): Promise<CallToolResult> => {
      try {
        const { signal } = mcpReq;
        const answer = await tool.run(args, { client, clock, signal, sendProgress: progressOf(mcpReq) });
        return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer };
      } catch (error) {
        return { content: [{ type: 'text', text: messageOf(error) }], isError: true };
      }
    },
  );
}

function progressOf({ _meta, notify }: ServerContext['mcpReq']): SendProgress | null {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return null;
  return (progress, message) => {
    const params = { progressToken, progress, message: bounded(message, MAX_LINE) };
    // An agent that has gone misses nothing: its call is aborted.
    notify({ method: 'notifications/progress', params }).catch(() => {});
  };
}

function messageOf(error: unknown): string {
  if (error instanceof NoAnswer || error instanceof ClientError)
    return bounded(oneLine(plainText(error.message)), MAX_MESSAGE);
  throw error;
}
