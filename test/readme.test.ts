import { readFileSync } from 'node:fs';
import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { LIMIT_CODES } from '../src/graphql/limits.js';
import { typeDefs } from '../src/graphql/schema.js';
import { DEFAULT_LIMITS } from '../src/server/limits.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  const blocks = [...readme.matchAll(/```graphql\n(.*?)```/gs)].map(([, text = '']) => text);

  it.each(blocks)('shows a document that is valid: %s', (text) => {
    expect(validate(buildSchema(typeDefs), parse(text))).toEqual([]);
  });

  it('has both commands on its first screen', () => {
    const screen = readme.split('\n').slice(0, 12).join('\n');
    expect(screen).toContain('npm ci && npm start');
    expect(screen).toContain('npm ci && npm test');
  });

  it('lists every limit with its default and what comes beyond it', () => {
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
      expect(readme).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${value.toLocaleString('en-US')} `, 'm'));
    }
    for (const code of Object.values(LIMIT_CODES)) expect(readme).toContain(`\`${code}\``);
  });
});
