import { z } from 'zod';
import type { Client } from '../client/client.js';
import type { Clock } from '../lib/clock.js';

/** Sends a progress notification: seconds that have passed, and what is waited for. */
export type SendProgress = (seconds: number, message: string) => void;

/** What a tool works with. */
interface ToolParts {
  readonly client: Client;
  /** Aborts when the agent does not want the answer any more. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Null when the agent did not ask for progress. */
  readonly sendProgress: SendProgress | null;
}

/** A tool: what it is called, what it is given, and what it gives. */
interface Tool<I extends z.ZodObject, O extends z.ZodObject> {
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

/** Id of the Session that a tool is about. */
export const session = z
  .string()
  .optional()
  .describe(
    'Id of the Session, such as tilt-default/Tiltfile; may be left out while exactly one Tilt runs. The demonstration has to be named',
  );

/** A phase of a target. */
export const phase = z.enum([
  'INACTIVE',
  'DISABLED',
  'WAITING',
  'RUNNING',
  'READY',
  'SUCCEEDED',
  'FAILED',
  'RETRYING',
]);
