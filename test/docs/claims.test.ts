import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { COMMANDS_PAGE, commandsPage } from './options-page.js';
import { blockOf, codeSpansOf, ROOT, readPage, readPages } from './pages.js';
import { SCHEMA_PAGE, schemaPage } from './schema-page.js';

describe('docs/schema.md', () => {
  it('is what schema.graphql says', () => {
    expect(readFileSync(SCHEMA_PAGE, 'utf8'), 'renew it with: npx tsx test/docs/schema-page.ts').toBe(
      schemaPage(),
    );
  });
});

describe('docs/commands.md', () => {
  it('has the options of every command as they are declared', () => {
    expect(readFileSync(COMMANDS_PAGE, 'utf8'), 'renew it with: npx tsx test/docs/options-page.ts').toBe(
      commandsPage(),
    );
  });
});

describe('the public surface', () => {
  const docs = readPages().filter(({ path }) => path.startsWith('docs/') && path !== 'docs/schema.md');
  const words = new Set(docs.flatMap(({ text }) => text.match(/\w+/g) ?? []));

  it.each(['src/index.ts', 'src/client/client.ts'])('of %s is named in docs/ whole', (path) => {
    const { text } = readPage(path);
    const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].map(([, list = '']) => list);
    const names = lists.flatMap((list) => list.replaceAll('type ', '').match(/\w+/g) ?? []);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });
});

describe('docs/guarantees.md', () => {
  it('names tests that are there', () => {
    const { text } = readPage('docs/guarantees.md');
    const files = text.matchAll(/`(test\/[\w/.-]+)`((?: "[^"]+",?)+)/g);
    const named = [...files].flatMap(([, file = '', titles = '']) =>
      [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => [file, title] as const),
    );
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter(([file, title]) => !readPage(file).text.includes(title))).toEqual([]);
  });
});

describe('docs/troubleshooting.md', () => {
  it('knows messages that the code has', () => {
    const source = sourceText();
    const page = readPage('docs/troubleshooting.md');
    const messages = codeSpansOf(page).filter(
      (code) => / \w+ \w+/.test(code) && !/^(?:--|gateway|connection|tilt|status)/.test(code),
    );
    const pieces = messages.flatMap((message) => message.split(/…|\\`/)).map((piece) => piece.trim());
    const told = pieces.filter((piece) => piece.length > 7);
    expect(told.length).toBeGreaterThan(30);
    expect(told.filter((piece) => !source.includes(piece))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('shows a change that fits the code as it is', () => {
    const patch = blockOf('docs/architecture.md', 'diff');
    const hunks = patch
      .split(/^--- a\//m)
      .slice(1)
      .flatMap(hunksOf);
    expect(hunks.length).toBeGreaterThan(5);
    for (const { file, before } of hunks) expect(readPage(file).text).toContain(before);
  });

  it('has a row for each room', () => {
    const { text } = readPage('docs/architecture.md');
    const rooms = folders('src/');
    expect(rooms.filter((room) => !text.includes(`| \`${room}\` `))).toEqual([]);
  });

  it('is right that each room but the commands has its line in .biome.json', () => {
    const { text } = readPage('.biome.json');
    const rooms = folders('src/').filter((room) => room !== 'cli');
    expect(rooms.filter((room) => !text.includes(`"src/${room}/*.`))).toEqual([]);
  });

  it.each(['tilt-graphql', 'yoga', 'raw-ws'])(
    'has the figure of the last whole benchmark for %s',
    (server) => {
      const results: Results = JSON.parse(readPage('test/bench/results/latest.json').text);
      const part = results.parts.find(({ name }) => name === 'fanout-large');
      const row = part?.rows.find(({ name }) => name === server);
      const cpu = Math.round(row?.values.cpu ?? Number.NaN).toLocaleString('en-US');
      expect(readPage('docs/architecture.md').text).toContain(`${cpu} µs`);
    },
  );
});

function folders(path: string): string[] {
  const entries = readdirSync(new URL(path, ROOT), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** What is read here of the benchmark's results. */
interface Results {
  readonly parts: readonly {
    readonly name: string;
    readonly rows: readonly { readonly name: string; readonly values: { readonly cpu: number } }[];
  }[];
}

/** The hunks of one file of a patch: what stands there before. */
function hunksOf(patch: string): { readonly file: string; readonly before: string }[] {
  const [file = ''] = patch.split('\n');
  return patch
    .split(/^@@.*@@.*\n/m)
    .slice(1)
    .map((hunk) => ({ file, before: linesBefore(hunk) }));
}

function linesBefore(hunk: string): string {
  const lines = hunk.split('\n').filter((line) => /^[ -]/.test(line));
  return lines.map((line) => line.slice(1)).join('\n');
}

/** All of `src/`, with what templates put in left out. */
function sourceText(): string {
  const files = readdirSync(new URL('src/', ROOT), { recursive: true, encoding: 'utf8' });
  const texts = files.filter((name) => name.endsWith('.ts')).map((name) => readPage(`src/${name}`).text);
  return texts.join('\n');
}
