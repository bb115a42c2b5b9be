import type { z } from 'zod';
import type { Client } from '../client/client.js';
import type { Clock } from '../clock.js';
import type { SendProgress } from './progress.js';

/** What a tool works with. */
export interface ToolParts {
  readonly client: Client;
  /** Aborts when the agent does not want the answer any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Null when the agent did not ask for progress. */
  readonly sendProgress: SendProgress | null;
}

/** A tool: what it is called, what it is given, and what it gives. */
export interface Tool<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** Rejects with a NoAnswer or a ClientError where there is no answer. */
  run(input: z.infer<I>, parts: ToolParts): Promise<z.infer<O>>;
}

/** A tool whose input is checked when it is run. */
export type AnyTool = Omit<Tool<z.ZodObject, z.ZodObject>, 'run'> & {
  run(input: unknown, parts: ToolParts): Promise<Record<string, unknown>>;
};

/** Ties a tool's input to its schema. */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(tool: Tool<I, O>): AnyTool {
  return { ...tool, run: (input, parts) => tool.run(tool.input.parse(input), parts) };
}
