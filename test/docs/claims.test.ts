import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OPTIONS_PAGE, optionsPage } from './options-page.js';
import { blockOf, codeSpansOf, ROOT, readPage, readPages } from './pages.js';
import { SCHEMA_PAGE, schemaPage } from './schema-page.js';

describe('docs/schema.md', () => {
  it('is generated from schema.graphql', () => {
    expect(readFileSync(SCHEMA_PAGE, 'utf8'), 'regenerate it: npx tsx test/docs/schema-page.ts').toBe(
      schemaPage(),
    );
  });
});

describe('docs/options.md', () => {
  it('lists the declared options of every command', () => {
    expect(readFileSync(OPTIONS_PAGE, 'utf8'), 'regenerate it: npx tsx test/docs/options-page.ts').toBe(
      optionsPage(),
    );
  });
});

describe('the public API', () => {
  const docs = readPages().filter(({ path }) => path.startsWith('docs/') && path !== 'docs/schema.md');
  const words = new Set(docs.flatMap(({ text }) => text.match(/\w+/g) ?? []));

  it.each(['src/index.ts', 'src/client/client.ts'])('of %s is named completely in docs/', (path) => {
    const { text } = readPage(path);
    const lists = [...text.matchAll(/export (?:type )?\{([^}]*)\}/g)].map(([, list = '']) => list);
    const names = lists.flatMap((list) => list.replaceAll('type ', '').match(/\w+/g) ?? []);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !words.has(name))).toEqual([]);
  });
});

describe('docs/library.md', () => {
  it.each([
    ['src/client/client.ts', '## Names of the client'],
    ['src/index.ts', '# Embed the gateway in a Node.js program'],
  ])('lists every name that %s exports', (path, heading) => {
    const [, section = ''] = readPage('docs/library.md').text.split(`${heading}\n`);
    const exported = [...readPage(path).text.matchAll(/export (?:type )?\{([^}]*)\}/g)];
    const names = exported.flatMap(([, list = '']) => list.replaceAll('type ', '').match(/\w+/g) ?? []);
    expect(names.filter((name) => !new RegExp(`\`${name}\\b`).test(section))).toEqual([]);
  });
});

describe('docs/guarantees.md', () => {
  it('names only tests that exist', () => {
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
  it('lists only messages that the code contains', () => {
    const source = sourceText();
    const page = readPage('docs/troubleshooting.md');
    const messages = codeSpansOf(page).filter(
      (code) => / \w+ \w+/.test(code) && !/^(?:--|gateway|connection|tilt|status)/.test(code),
    );
    const pieces = messages.flatMap((message) => message.split(/…|\\`/)).map((piece) => piece.trim());
    const parts = pieces.filter((piece) => piece.length > 7);
    expect(parts.length).toBeGreaterThan(30);
    expect(parts.filter((piece) => !source.includes(piece))).toEqual([]);
  });
});

describe('docs/architecture.md', () => {
  it('shows a patch that applies to the code', () => {
    const patch = blockOf('docs/architecture.md', 'diff');
    const hunks = patch
      .split(/^--- a\//m)
      .slice(1)
      .flatMap(hunksOf);
    expect(hunks.length).toBeGreaterThan(5);
    for (const { file, before } of hunks) expect(readPage(file).text).toContain(before);
  });

  it('names functions that exist in the files of their row', () => {
    const { text } = readPage('docs/architecture.md');
    const rows = [...text.matchAll(/^\| [^|]+ \| (`[\w/.-]+\.ts`[^|]*) \| (`[^|]+`) +\|/gm)];
    expect(rows.length).toBeGreaterThan(35);
    const functions = rows.flatMap(([, files = '', names = '']) =>
      findNames(names).map((name) => [findNames(files), name] as const),
    );
    const isMissing = ([files, name]: (typeof functions)[number]) =>
      !files.some((file) => declaresFunction(`src/${file}`, name));
    expect(functions.filter(isMissing)).toEqual([]);
  });

  it('has a row for each folder of src', () => {
    const { text } = readPage('docs/architecture.md');
    const missing = folders('src/').filter((folder) => !text.includes(`| \`${folder}\` `));
    expect(missing).toEqual([]);
  });

  it('describes folders that each have an import rule in .biome.json', () => {
    const { text } = readPage('.biome.json');
    const restricted = folders('src/').filter((folder) => folder !== 'cli');
    expect(restricted.filter((folder) => !text.includes(`"src/${folder}/*.`))).toEqual([]);
  });

  it.each(['tilt-graphql', 'yoga', 'raw-ws'])(
    'quotes the figure of the committed benchmark for %s',
    (server) => {
      const results: Results = JSON.parse(readPage('test/bench/results/latest.json').text);
      const part = results.parts.find(({ name }) => name === 'fanout-large');
      const row = part?.rows.find(({ name }) => name === server);
      const cpu = Math.round(row?.values.cpu ?? Number.NaN).toLocaleString('en-US');
      expect(readPage('docs/architecture.md').text).toContain(`${cpu} µs`);
    },
  );
});

describe.each(['docs/architecture.md', 'docs/guarantees.md', 'CONTRIBUTING.md'])('%s', (path) => {
  it('names only files that exist', () => {
    const sources = listFiles('src/');
    const names = codeSpansOf(readPage(path)).filter((code) =>
      /^[\w./-]+\.(?:ts|json|graphql|yml)$/.test(code),
    );
    expect(names.length).toBeGreaterThan(2);
    const exists = (name: string) =>
      existsSync(new URL(name, ROOT)) || sources.some((source) => `/${source}`.endsWith(`/${name}`));
    expect(names.filter((name) => !exists(name))).toEqual([]);
  });
});

/** Returns the names between backquotes. */
function findNames(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

/** Whether a file declares a function, a method or a property with this name. */
function declaresFunction(path: string, name: string): boolean {
  if (!existsSync(new URL(path, ROOT))) return false;
  const declaration = `(?:function\\*? |const |^ +(?:async )?)${name}\\b(?: =|[(:<,])`;
  return new RegExp(declaration, 'm').test(readPage(path).text);
}

function listFiles(path: string): string[] {
  return readdirSync(new URL(path, ROOT), { recursive: true, encoding: 'utf8' });
}

function folders(path: string): string[] {
  const entries = readdirSync(new URL(path, ROOT), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/** The part of the benchmark's results that is compared. */
interface Results {
  readonly parts: readonly {
    readonly name: string;
    readonly rows: readonly { readonly name: string; readonly values: { readonly cpu: number } }[];
  }[];
}

/** Splits the patch of one file into hunks, each with the lines before the change. */
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

/** Returns the text of all files in `src/`. */
function sourceText(): string {
  const texts = listFiles('src/')
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readPage(`src/${name}`).text);
  return texts.join('\n');
}
