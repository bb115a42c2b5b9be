import { readdirSync, readFileSync } from 'node:fs';

/** The project's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** A page of Markdown. */
export interface Page {
  /** From the project's folder on, such as `docs/schema.md`. */
  readonly path: string;
  readonly text: string;
}

/** A block of code on a page: three backquotes, its language, and for some a word that tells what it is. */
export interface Block {
  readonly page: string;
  readonly language: string;
  /** Such as `run`; null when it has none. */
  readonly mark: string | null;
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
    [...text.matchAll(/^```(\w+)(?: (\w+))?\n(.*?)^```$/gms)].map(
      ([, language = '', mark = null, code = '']) => ({
        page: path,
        language,
        mark,
        code,
      }),
    ),
  );
}

/** The first block of a page in a language, such as `nginx`, or of those with this mark. */
export function blockOf(path: string, language: string, mark: string | null = null): string {
  const block = blocksOf([readPage(path)]).find(
    (candidate) => candidate.language === language && candidate.mark === mark,
  );
  if (!block) throw new Error(`${path} has no block of ${language} ${mark ?? ''}`);
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
