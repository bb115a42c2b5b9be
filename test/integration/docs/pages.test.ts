import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { blocksOf, codeSpansOf, type Page, proseOf, ROOT, readPage, readPages } from '../../docs/pages.js';
import { runCliToEnd } from '../../support/cli.js';

const pages = readPages();
const docs = pages.filter(({ path }) => path.startsWith('docs/'));

describe('the pages', () => {
  it.each(pages)('$path links to what is there', (page) => {
    const targets = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const local = targets.filter((target) => !/^https?:/.test(target));
    expect(local.filter((target) => !isThere(page, target))).toEqual([]);
  });

  it('name no option that there is not', async () => {
    const known = await knownFlags();
    for (const { path, text } of docs) {
      const named = flagsNamedIn({ path, text });
      expect([path, named.filter((flag) => !known.has(flag))]).toEqual([path, []]);
    }
  });

  it('have YAML that can be read, as have the workflows and forms', () => {
    const shown = blocksOf(docs).filter(({ language }) => language === 'yaml');
    const files = readdirSync(new URL('.github/', ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yml'))
      .map((name) => readFileSync(new URL(`.github/${name}`, ROOT), 'utf8'));
    const read = [...shown.map(({ code }) => code), ...files].map((text) => parse(text));
    expect(read.length).toBeGreaterThan(6);
    for (const content of read) expect(content).toBeTypeOf('object');
  });
});

/** Whether a link leads to a file and, behind `#`, to a heading of it. */
function isThere(from: Page, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const url = path === '' ? new URL(from.path, ROOT) : new URL(path, new URL(from.path, ROOT));
  if (!existsSync(url)) return false;
  return anchor === undefined || anchorsOf(readFileSync(url, 'utf8')).includes(anchor);
}

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** The options in command lines of tilt-graphql, and those that stand alone between backquotes. */
function flagsNamedIn(page: Page): string[] {
  const lines = [...page.text.matchAll(/(?<![\w/-])tilt-graphql (?:\\\n|[^\n|;&`)])*/g)].map(
    ([line]) => line,
  );
  const own = lines.map((line) => line.replace(/ -- .*/, ''));
  const alone = codeSpansOf(page).filter((code) => code.startsWith('--'));
  return [...own, ...alone].flatMap((text) => text.match(/(?<=^|\s)--[a-z][a-z-]*(?![\w…-])/g) ?? []);
}

async function knownFlags(): Promise<ReadonlySet<string>> {
  const commands = ['serve', 'publish', 'watch', 'wait', 'query', 'mcp', 'schema'];
  const helps = await Promise.all(commands.map((command) => runCliToEnd([command, '--help'])));
  const flags = helps.flatMap(({ stdout }) => stdout.match(/--[a-z][a-z-]*/g) ?? []);
  return new Set([...flags, '--version', ...flagsOfTests()]);
}

/** Those of the project's own scripts, which CONTRIBUTING.md names. */
function flagsOfTests(): string[] {
  return readPage('test/bench/README.md').text.match(/--[a-z]+/g) ?? [];
}
