import fc from 'fast-check';
import { awkwardTexts, counts } from './texts.js';

/** Fragments of YAML that change the meaning of their surroundings. */
export const YAML_SNIPPETS: readonly string[] = [
  '&a ',
  '*a ',
  '<<: *a\n',
  '&a [*a, *a]',
  '!!binary ',
  '!!set ',
  '!!timestamp ',
  '!!js/function ',
  '!<tag:yaml.org,2002:str> ',
  '%YAML 1.1\n---\n',
  '%TAG ! tag:a,2000:\n',
  '---\n',
  '...\n',
  '? ',
  '? [a]\n: b\n',
  '{[a]: b}',
  '- ',
  '|\n',
  '>-\n  ',
  '\t',
  '# a\n',
  '"',
  "'",
  '`',
  '@',
  '{',
  '[',
  ', ',
  ': ',
  '~',
  '0o7',
  '1_000',
  '2026-11-22',
  '.inf',
  '__proto__: {a: 1}\n',
  'constructor: 1\n',
  '\ufeff',
  '\0',
  '\r',
];

/** Nested aliases: a short text that expands to a very large value. */
function laughs(count: number): string {
  const lines = Array.from({ length: count }, (_, index) =>
    index === 0
      ? 'a0: &a0 [x, x, x]'
      : `a${index}: &a${index} [*a${index - 1}, *a${index - 1}, *a${index - 1}]`,
  );
  return lines.join('\n');
}

const BOMBS: readonly ((count: number) => string)[] = [
  laughs,
  (n) => '['.repeat(n),
  (n) => '{a: '.repeat(n),
  (n) => '- '.repeat(n),
  (n) => '? '.repeat(n),
  (n) => Array.from({ length: Math.min(n, 1_000) }, (_, level) => `${' '.repeat(level)}a:`).join('\n'),
  (n) => '&a '.repeat(n),
  (n) => '---\n'.repeat(n),
  (n) => `a: ${'"\\\n'.repeat(n)}"`,
  (n) => Array.from({ length: n }, (_, index) => `? k${index}`).join('\n'),
  (n) => `a: &a {${'b: *a, '.repeat(n)}}`,
];

/** YAML with unexpected content. */
export const hostileYaml: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...BOMBS), counts(20_000)).map(([bomb, n]) => bomb(n)) },
  {
    weight: 3,
    arbitrary: fc
      .array(fc.oneof(fc.constantFrom(...YAML_SNIPPETS), awkwardTexts), { maxLength: 10 })
      .map((parts) => parts.join('')),
  },
);
