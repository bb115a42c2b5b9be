import { readdirSync, readFileSync } from 'node:fs';

/** The project's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** A page of Markdown. */
export interface Page {
  /** From the project's folder on, such as `docs/schema.md`. */
  readonly path: string;
  readonly text: string;
}

/** A block of code on a page: three backquotes, its language, and for some the word `run`. */
export interface Block {
  readonly page: string;
  readonly language: string;
  /** Whether it is marked to be run. */
  readonly isRun: boolean;
  readonly code: string;
}

/** The pages in `docs/`, and those beside them. */
export function readPages(): Page[] {
  const docs = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'));
  return [...docs.map((name) => `docs/${name}`), 'CONTRIBUTING.md', 'SECURITY.md', 'README.md'].map(readPage);
}

/** One page. */
export function readPage(path: string): Page {
  return { path, text: readFileSync(new URL(path, ROOT), 'utf8') };
}

/** The blocks of code of these pages, in order. */
export function blocksOf(pages: readonly Page[]): Block[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```(\w+)( run)?\n(.*?)^```$/gms)].map(([, language = '', run, code = '']) => ({
      page: path,
      language,
      isRun: run !== undefined,
      code,
    })),
  );
}

/** The first block of a page in a language, such as `nginx`. */
export function blockOf(path: string, language: string): string {
  const block = blocksOf([readPage(path)]).find((candidate) => candidate.language === language);
  if (!block) throw new Error(`${path} has no block of ${language}`);
  return block.code;
}

/** What stands between backquotes outside of blocks. */
export function codeSpansOf({ text }: Page): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** A page without its code. */
export function proseOf({ text }: Page): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}

function withoutBlocks(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}
