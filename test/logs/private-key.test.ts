import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createKeyBlocks } from '../../src/logs/private-key.js';

const BEGIN = '-----BEGIN PRIVATE KEY-----';
const HIDDEN = '[REDACTED]';

/** The lines of a key: random bytes in Base64, the last line short. */
function keyLines(count: number, seed = 0): string[] {
  const bytes = Array.from({ length: count * 2 }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  );
  const text = Buffer.concat(bytes).toString('base64').slice(0, -1);
  return (text.match(/.{1,64}/g) ?? []).slice(0, count - 1).concat('Qx3a9A==');
}

/** Redacts the lines of one span. */
function redactAll(lines: readonly string[]): string[] {
  const blocks = createKeyBlocks();
  return lines.map((line) => blocks.redact('span', line) ?? line);
}

describe('createKeyBlocks', () => {
  it('hides a PGP key of 900 lines, and shows what follows its end', () => {
    const begin = '-----BEGIN PGP PRIVATE KEY BLOCK-----';
    const end = '-----END PGP PRIVATE KEY BLOCK-----';
    const key = keyLines(900);
    expect(redactAll([begin, 'Version: GnuPG v2', '', ...key, '=abcd', end, 'done'])).toEqual([
      begin,
      'Version: GnuPG v2',
      '',
      ...key.map(() => HIDDEN),
      HIDDEN,
      `${HIDDEN}${end}`,
      'done',
    ]);
  });

  it.each([
    ['nothing', (line: string) => line],
    ['indentation', (line: string) => `    ${line}  `],
    ['a prefix', (line: string) => `2026-11-22 INFO api | ${line}`],
    ['a suffix', (line: string) => `${line} (config.ts:12) level=info`],
    ['columns', (line: string) => `| ${line} | x |`],
    ['quotes and escapes', (line: string) => `  "${line}\\n" +`],
    ['an array', (line: string) => `'${line}',`],
    ['JSON', (line: string) => `{"msg":"${line.replaceAll('/', '\\/')}","level":"info"}`],
    ['a name', (line: string) => `key=${line}`],
    ['styles', (line: string) => `\u001b[32m${line.slice(0, 9)}\u001b[0m${line.slice(9)}`],
    ['an empty line before each', (line: string) => `\n${line}`],
    ['another line before each fifth', (line: string) => (line < 'F' ? `listening\n${line}` : line)],
  ])('hides a key without an end whose lines have %s', (_, decorate) => {
    for (let seed = 0; seed < 20; seed += 1) {
      const key = keyLines(30, seed);
      const shown = redactAll([BEGIN, ...key.map(decorate).join('\n').split('\n')]).join('\n');
      expect(shown.match(/[A-Za-z0-9+/=]{16,}/)).toBeNull();
      expect(shown).not.toContain('Qx3a9A==');
    }
  });

  it.each([
    [12, ''],
    [16, 'app | '],
    [24, 'app | '],
  ])('hides a key with lines of %i characters after "%s"', (width, prefix) => {
    const text = keyLines(100).join('').slice(0, 6_000);
    const key = text.match(new RegExp(`.{${width}}`, 'g')) ?? [];
    const shown = redactAll([BEGIN, ...key.map((line) => prefix + line)]);
    expect(shown).toEqual([BEGIN, ...key.map(() => HIDDEN)]);
  });

  it('shows the lines after a message that mentions the first line of a key', () => {
    const lines = [
      `error: the key must start with '${BEGIN}'`,
      '    at Object.<anonymous> (/home/bob/project/src/keys/load-key.ts:12:5)',
      '    at processTicksAndRejections (node:internal/process/task_queues:95:5)',
      '',
      'Error: expected true',
      '/usr/local/lib/node/modules',
      'sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      'FAIL 3 tests failed',
      ...Array.from({ length: 130 }, (_, index) => `test ${index} failed: expected 1`),
      keyLines(2)[0] ?? '',
    ];
    expect(redactAll(lines)).toEqual(lines);
  });

  it('shows the lines after a key that was cut, except the first one', () => {
    const lines = [...keyLines(9).slice(0, 8), 'Killed by signal 9', 'FAIL 3 tests failed', 'exit status 1'];
    expect(redactAll([BEGIN, ...lines]).slice(-3)).toEqual([HIDDEN, 'FAIL 3 tests failed', 'exit status 1']);
  });

  it('hides a key whose first line follows a cut one', () => {
    const key = keyLines(9);
    const all = [BEGIN, ...key.slice(0, 4), 'retry', BEGIN, ...key];
    expect(redactAll(all).join('\n')).not.toMatch(/[A-Za-z0-9+/=]{16,}/);
  });

  it('ends a key after 1,000 lines', () => {
    const shown = redactAll([BEGIN, ...keyLines(1_002)]);
    expect(shown.filter((line) => line === HIDDEN)).toHaveLength(1_000);
  });
});
