import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../src/cli/json-text.js';

describe('jsonText', () => {
  it('is JSON of the same value, without a command that the log of a CI job obeys', () => {
    const texts = fc.array(
      fc.constantFrom('#', '##[stop]x', '##vso[a]', '\\', '"', '::', '\n', '\u001b', '\u2028', 'a'),
    );
    const values = fc.dictionary(
      fc.string(),
      texts.map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(values, fc.constantFrom(0, 2), (value, indent) => {
        const text = jsonText(value, indent);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(/##\w*\[/);
        expect(text).not.toMatch(/^\s*::/m);
      }),
    );
  });
});
