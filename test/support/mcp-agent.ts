import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect } from 'vitest';
import { BIN } from './cli.js';

/** An MCP client of `tilt-graphql mcp` over stdio. Closed at the end of its block (`await using`). */
export interface McpAgent extends AsyncDisposable {
  readonly client: Client;
  /** Calls a tool. Resolves with its structured result, or with the text of an error. */
  callTool(tool: string, input?: Record<string, unknown>): Promise<unknown>;
}

/** Starts `tilt-graphql mcp` and connects to it. */
export async function startMcpAgent(url: string): Promise<McpAgent> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [BIN, 'mcp', '--url', url],
      stderr: 'ignore',
    }),
  );
  return {
    client,
    async callTool(name, input = {}) {
      const { isError, content, structuredContent } = await client.callTool({ name, arguments: input });
      const [first] = content;
      if (isError) return first?.type === 'text' ? first.text : 'no text';
      expect(first).toEqual({ type: 'text', text: JSON.stringify(structuredContent) });
      return structuredContent;
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
