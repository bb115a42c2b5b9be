import { describe, expect, it } from 'vitest';
import { toAgentSchema } from '../../src/mcp/server.js';
import { tools } from '../../src/mcp/tools.js';

/** Keywords that all common model APIs accept in a tool's input. */
const ACCEPTED = new Set([
  'type',
  'properties',
  'required',
  'items',
  'enum',
  'description',
  'default',
  'minimum',
  'maximum',
]);

function keywordsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([keyword, value]) => {
    const inner: unknown[] = keyword === 'properties' && value ? Object.values(value) : [value];
    return [keyword, ...(keyword === 'default' ? [] : inner.flatMap(keywordsOf))];
  });
}

describe('schemas of the MCP tools', () => {
  it.each(tools)('the input schema of $name has only keywords that every model API accepts', (tool) => {
    const schema = toAgentSchema(tool.input)['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
    const keywords = keywordsOf(schema).filter((keyword) => !/^\d+$/.test(keyword));
    expect(keywords.filter((keyword) => !ACCEPTED.has(keyword))).toEqual([]);
    expect(schema).toMatchObject({ type: 'object' });
  });

  it.each(tools)('the output schema of $name has neither $schema nor exclusiveMinimum', (tool) => {
    const schema = toAgentSchema(tool.output)['~standard'].jsonSchema.output({ target: 'draft-2020-12' });
    expect(keywordsOf(schema)).not.toContain('$schema');
    expect(keywordsOf(schema)).not.toContain('exclusiveMinimum');
  });
});
