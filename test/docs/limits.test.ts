import { describe, expect, it } from 'vitest';
import { LIMIT_CODES } from '../../src/graphql/limits.js';
import { DEFAULT_LIMITS } from '../../src/server/limits.js';
import { readPage } from './pages.js';

const { text } = readPage('docs/limits.md');

describe('docs/limits.md', () => {
  it.each(Object.entries(DEFAULT_LIMITS))('lists the limit %s with its default of %d', (name, value) => {
    expect(text).toMatch(new RegExp(`^\\| \`${name}\` +\\| ${value.toLocaleString('en-US')} `, 'm'));
  });

  it.each(Object.values(LIMIT_CODES))('names the error code %s', (code) => {
    expect(text).toContain(`\`${code}\``);
  });
});
