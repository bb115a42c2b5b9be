import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptedCoding } from '../../../src/server/http/content-coding.js';
import { zstd } from '../../../src/server/http/zstd.js';

const codingOf = (header: string | undefined) => acceptedCoding(header).coding;

describe('the coding of a response', () => {
  it.each([
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['deflate', null],
    ['gzip, deflate, br', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br ; q=0.8 ,gzip;q=0.9', 'gzip'],
    ['br;q=0, gzip;q=0.001', 'gzip'],
    ['gzip;q=0', null],
    ['gzip;q=0, *', null],
    ['*', 'gzip'],
    ['*;q=0', null],
    ['identity', null],
    ['identity, gzip;q=0.5', null],
    ['identity;q=0.5, gzip', 'gzip'],
    ['', null],
    [undefined, null],
  ])('Accept-Encoding %j selects %s', (header, expected) => {
    expect(codingOf(header)).toBe(expected);
  });

  it.each([
    'gzip;q=2',
    'gzip;q=',
    'gzip;q=-1',
    'gzip;level=9',
    'gzip br',
    ',;,=',
    'gzip'.padEnd(301, ' '),
    'br\u0000',
  ])('an Accept-Encoding header with the error %j selects no coding', (header) => {
    expect(codingOf(header)).toBeNull();
  });

  it('a browser that accepts Zstandard and Brotli gets Brotli, and one without Brotli gets Zstandard', () => {
    expect(codingOf('gzip, deflate, br, zstd')).toBe('br');
    expect(codingOf('gzip, deflate, zstd')).toBe(zstd ? 'zstd' : 'gzip');
  });

  it.each([
    ['gzip, identity;q=0', true],
    ['gzip, *;q=0', true],
    ['*', false],
    ['gzip, *;q=0, identity', false],
    ['gzip', false],
  ])('Accept-Encoding %j requires compression: %s', (header, expected) => {
    expect(acceptedCoding(header).isRequired).toBe(expected);
  });

  it('any header selects a coding that it names, or none', () => {
    const part = fc.tuple(
      fc.constantFrom('br', 'gzip', 'zstd', 'identity', '*', 'deflate', 'x'),
      fc.constantFrom('', ';q=0', ';q=0.5', ';q=1', ';q=x', ' ; q=0.250'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const header = parts.map(([name, weight]) => name + weight).join(',');
        const coding = codingOf(header);
        const names = parts.map(([name]) => name);
        expect(coding === null || names.includes(coding) || names.includes('*')).toBe(true);
      }),
    );
    fc.assert(fc.property(fc.string(), (header) => [null, 'br', 'zstd', 'gzip'].includes(codingOf(header))));
  });
});
