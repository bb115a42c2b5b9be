import {
  type CallToolResult,
  McpServer,
  type ServerContext,
  type StandardSchemaWithJSON,
} from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { type Client, ClientError } from '../client/client.js';
import type { Clock } from '../lib/clock.js';
import { version } from '../lib/version.js';
import { oneLine } from '../model/one-line.js';
import { plainText } from '../model/plain-text.js';
import { bounded, MAX_LINE, MAX_MESSAGE } from './bounds.js';
import { NoAnswer } from './newest-view.js';
import type { AnyTool, SendProgress } from './tool.js';
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

/** Faults that are reported of one input. */
const MAX_ISSUES = 5;

/**
 * A tool's schema as agents get it: JSON Schema without `$schema`, which the APIs of some models reject, and with errors of
 * bounded length.
 */
export function agentSchema(schema: z.ZodObject): StandardSchemaWithJSON<Record<string, unknown>> {
  const { jsonSchema } = schema['~standard'];
  // Without this, an argument that a tool does not have would be dropped in silence, such as a filter with a misspelt name. The
  // schema itself does not say `additionalProperties`: the APIs of some models reject it.
  const strict = schema.strict();
  return {
    '~standard': {
      version: 1,
      vendor: 'tilt-graphql',
      validate(value) {
        const { success, data, error } = strict.safeParse(value);
        if (success) return { value: data };
        const issues = error.issues.slice(0, MAX_ISSUES);
        return { issues: issues.map(({ message, path }) => ({ path, message: bounded(message, MAX_LINE) })) };
      },
      jsonSchema: {
        input: (options) => withoutDialect(jsonSchema.input(options)),
        output: (options) => withoutDialect(jsonSchema.output(options)),
      },
    },
  };
}

function withoutDialect({ $schema: _, ...schema }: Record<string, unknown>): Record<string, unknown> {
  return schema;
}
