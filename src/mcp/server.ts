import { type CallToolResult, McpServer } from '@modelcontextprotocol/server';
import { type Client, ClientError } from '../client/client.js';
import { oneLine } from '../model/one-line.js';
import { plainText } from '../model/plain-text.js';
import { version } from '../version.js';
import { NoAnswer } from './newest-view.js';
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
export function createMcpServer(client: Client): McpServer {
  const server = new McpServer(
    { name: 'tilt-graphql', title: 'Tilt', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  for (const tool of tools) register(server, tool, client);
  return server;
}

function register(server: McpServer, tool: AnyTool, client: Client): void {
  const { name, title, description, input, output } = tool;
  server.registerTool(
    name,
    {
      title,
      description,
      inputSchema: input,
      outputSchema: output,
      annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
    },
    async (args, { mcpReq: { signal } }): Promise<CallToolResult> => {
      try {
        const answer = await tool.run(args, { client, signal });
        return { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer };
      } catch (error) {
        return { content: [{ type: 'text', text: messageOf(error) }], isError: true };
      }
    },
  );
}

function messageOf(error: unknown): string {
  if (error instanceof NoAnswer || error instanceof ClientError) return oneLine(plainText(error.message));
  throw error;
}
