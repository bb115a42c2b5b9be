import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { bounded, MAX_LINE } from './bounds.js';

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
