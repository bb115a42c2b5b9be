import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Document, parseAllDocuments } from 'yaml';
import { commands } from './options-page.js';
import { blocksOf, codeSpansOf, type Page, proseOf, ROOT, readPage, readPages } from './pages.js';

const pages = readPages();
const docs = pages.filter(({ path }) => path.startsWith('docs/'));

/** Columns at which prose is wrapped. */
const WIDTH = 100;

describe('the documentation', () => {
  it.each(pages)('$path links only to files and headings that exist', (page) => {
    const targets = [...proseOf(page).matchAll(/(?:\]\(|src=")([^)"\s]+)[)"]/g)].map(
      ([, target = '']) => target,
    );
    const local = targets.filter((target) => !/^https?:/.test(target));
    expect(local.filter((target) => !linkTargetExists(page, target))).toEqual([]);
  });

  it.each(pages)('wraps the prose of $path at 100 columns', (page) => {
    expect(findLongLines(page)).toEqual([]);
  });

  it('names only options that a command has', () => {
    const known = knownFlags();
    for (const page of pages) {
      const unknown = findFlags(page).filter((flag) => !known.has(flag));
      expect([page.path, unknown]).toEqual([page.path, []]);
    }
  });

  it('writes secrets only to files that no other user can read', () => {
    const lines = blocksOf(pages).flatMap(({ code }) => code.split('\n'));
    const secrets = lines.filter((line) => /openssl rand.*>/.test(line));
    expect(secrets.length).toBeGreaterThan(1);
    expect(secrets.filter((line) => !/umask 077;.* openssl rand/.test(line))).toEqual([]);
  });

  it('contains only valid YAML, as do the workflows and issue forms', () => {
    const shown = blocksOf(docs).filter(({ language }) => language === 'yaml');
    const files = readdirSync(new URL('.github/', ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yml'))
      .map((name) => readFileSync(new URL(`.github/${name}`, ROOT), 'utf8'));
    const texts = [...shown.map(({ code }) => code), ...files];
    const read = texts.flatMap((text) => parseAllDocuments(text).map(toContent));
    expect(read.length).toBeGreaterThan(6);
    for (const content of read) expect(content).toBeTypeOf('object');
  });
});

describe('the workflows', () => {
  const names = readdirSync(new URL('.github/workflows/', ROOT));

  it.each(names)('%s pins every action by its commit, with the version as a comment', (name) => {
    const { text } = readPage(`.github/workflows/${name}`);
    const used = [...text.matchAll(/uses: +(.*)$/gm)].map(([, action = '']) => action);
    const pinned = /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    expect(used.filter((action) => !action.startsWith('./') && !pinned.test(action))).toEqual([]);
  });
});

/** Returns the content of a YAML document. Throws its first error. */
function toContent(document: Document): unknown {
  for (const error of document.errors) throw error;
  return document.toJS();
}

/** Whether a link leads to a file and, behind `#`, to one of its headings. */
function linkTargetExists(from: Page, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const url = path === '' ? new URL(from.path, ROOT) : new URL(path, new URL(from.path, ROOT));
  if (!existsSync(url)) return false;
  return anchor === undefined || findAnchors(readFileSync(url, 'utf8')).includes(anchor);
}

/** Returns the anchors that GitHub creates for the headings of a page. */
function findAnchors(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

/** Returns the lines of prose that are too long. Tables, code, headings, images and long words are exempt. */
function findLongLines({ text }: Page): string[] {
  const prose = text.replace(/^ *```.*?^ *```$/gms, '');
  return prose
    .split('\n')
    .filter(
      (line) => [...line].length > WIDTH && !/^(?:[|#]|!\[|<img)/.test(line) && / \S/.test(line.trim()),
    );
}

/** Returns the options in command lines of tilt-graphql, and those that stand alone between backquotes. */
function findFlags(page: Page): string[] {
  const lines = [...page.text.matchAll(/(?<![\w/-])tilt-graphql (?:\\\n|[^\n|;&`)])*/g)].map(
    ([line]) => line,
  );
  const own = lines.map((line) => line.replace(/ -- .*/, ''));
  const alone = codeSpansOf(page).filter((code) => code.startsWith('--'));
  return [...own, ...alone].flatMap((text) => text.match(/(?<=^|\s)--[a-z][a-z-]*(?![\w…-])/g) ?? []);
}

function knownFlags(): ReadonlySet<string> {
  const own = commands().flatMap(({ options }) => options.map(({ long }) => long ?? ''));
  return new Set([...own, '--help', '--version', ...flagsOfBenchmark()]);
}

/** Returns the options of the benchmark, which the pages name too. */
function flagsOfBenchmark(): string[] {
  return readPage('test/bench/README.md').text.match(/--[a-z]+/g) ?? [];
}
