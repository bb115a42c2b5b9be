import { buildSchema, parse, validate } from 'graphql';
import { describe, expect, it } from 'vitest';
import { typeDefs } from '../src/graphql/schema.js';
import { blocksOf, readPage } from './docs/pages.js';

const readme = readPage('README.md');
const lines = readme.text.split('\n');

describe('the README', () => {
  const documents = blocksOf([readme]).filter(({ language }) => language === 'graphql');

  it.each(documents)('shows a valid document: $code', ({ code }) => {
    expect(validate(buildSchema(typeDefs), parse(code))).toEqual([]);
  });

  it('shows both commands on the first screen', () => {
    const screen = lines.slice(0, 12).join('\n');
    expect(screen).toContain('npm ci && npm start');
    expect(screen).toContain('npm ci && npm test');
  });

  it('has at most 180 lines', () => {
    expect(lines.length).toBeLessThanOrEqual(180);
  });
});
