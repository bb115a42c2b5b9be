import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptsAny, normalizeAccept, prefersHtml } from '../../../src/server/http/accept.js';

const JSON_TYPE = 'application/json';
const GRAPHQL = 'application/graphql-response+json';
const SSE = 'text/event-stream';
const MULTIPART = 'multipart/mixed';
const NONE = 'none/none';

describe('normalizeAccept', () => {
  it('media types after the first 2,000 characters of a header are ignored', () => {
    const header = `${GRAPHQL};q=0.5, ${'a/b;q=0.1, '.repeat(1_000)}${JSON_TYPE}`;
    expect(normalizeAccept(header)).toBe(GRAPHQL);
  });

  it.each([
    '*/*',
    '',
    JSON_TYPE,
    `${GRAPHQL}, ${JSON_TYPE}`,
    'application/json; charset=iso-8859-1',
    'multipart/mixed;deferSpec=20220824, application/json',
  ])('a header without weights stays as it is: %s', (header) => {
    expect(normalizeAccept(header)).toBe(header);
  });

  it.each([
    [`${JSON_TYPE};q=0.1, ${GRAPHQL}`, [GRAPHQL, JSON_TYPE]],
    [`${JSON_TYPE};q=0, ${GRAPHQL}`, [GRAPHQL]],
    [`${JSON_TYPE} ; Q = 0.000,${GRAPHQL}`, [GRAPHQL]],
    [`*/*;q=0.1, ${GRAPHQL}`, [GRAPHQL, JSON_TYPE, SSE, MULTIPART]],
    [`${JSON_TYPE};q=0, */*`, [GRAPHQL, SSE, MULTIPART]],
    [`application/*;q=0, */*;q=0.5`, [SSE, MULTIPART]],
    [`${SSE};q=0, ${JSON_TYPE}`, [JSON_TYPE]],
    [`${GRAPHQL};q=0.5, ${JSON_TYPE};q=0.5`, [GRAPHQL, JSON_TYPE]],
    [`${JSON_TYPE};q=0.5, ${GRAPHQL};q=0.5`, [JSON_TYPE, GRAPHQL]],
    [`${GRAPHQL}; charset=utf-8; q=0.9, ${JSON_TYPE};charset=latin1`, [GRAPHQL]],
    [`${GRAPHQL};q=high, ${JSON_TYPE};q=0.9`, [GRAPHQL, JSON_TYPE]],
    ['multipart/mixed;deferSpec=20220824, application/json;q=0.9', [MULTIPART, JSON_TYPE]],
    ['*/*;q=0', [NONE]],
    ['image/png;q=0.5', [NONE]],
  ])('the header %s accepts %j, the preferred first', (header, types) => {
    expect(normalizeAccept(header)).toBe(types.join(', '));
  });

  it('equal weights change nothing about the accepted types', () => {
    const range = fc.constantFrom('*/*', 'application/*', 'text/*', 'image/png', JSON_TYPE, GRAPHQL, SSE);
    fc.assert(
      fc.property(fc.array(range, { minLength: 1 }), (ranges) => {
        const weighted = normalizeAccept(ranges.map((text) => `${text};q=0.5`).join(', '));
        for (const type of [JSON_TYPE, GRAPHQL, SSE, MULTIPART])
          expect(acceptsAny(weighted, [type])).toBe(acceptsAny(ranges.join(','), [type]));
      }),
    );
  });
});

describe('prefersHtml', () => {
  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8', true],
    ['text/html', true],
    ['Text/HTML;q=0.5', true],
    ['text/html, application/json', true],
    ['text/html;q=0, application/json', false],
    ['text/html;q=0', false],
    ['application/json, text/html;q=0.1', false],
    ['application/json, text/plain, */*', false],
    ['*/*', false],
    ['', false],
  ])('the header %s prefers HTML: %s', (header, expected) => {
    expect(prefersHtml(header)).toBe(expected);
  });
});
