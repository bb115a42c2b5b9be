import { readdirSync, readFileSync } from 'node:fs';

/** The project's folder. */
export const ROOT = new URL('../../', import.meta.url);

/** A page of Markdown. */
export interface Page {
  /** Path from the project's folder, such as `docs/schema.md`. */
  readonly path: string;
  readonly text: string;
}

/** A code block of a page. Its first line has three backquotes, the language, and an optional mark. */
export interface Block {
  readonly page: string;
  readonly language: string;
  /** Word after the language, such as `run`; null if the line has no mark. */
  readonly mark: string | null;
  readonly code: string;
}

/** Reads the pages in `docs/`, CONTRIBUTING, SECURITY and the README. */
export function readPages(): Page[] {
  const docs = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'));
  return [...docs.map((name) => `docs/${name}`), 'CONTRIBUTING.md', 'SECURITY.md', 'README.md'].map(readPage);
}

/** Reads one page. */
export function readPage(path: string): Page {
  return { path, text: readFileSync(new URL(path, ROOT), 'utf8') };
}

/** Returns the code blocks of these pages, in order. */
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

/** Finds the first code block of a page with this language, such as `nginx`, and mark. Throws without one. */
export function blockOf(path: string, language: string, mark: string | null = null): string {
  const block = blocksOf([readPage(path)]).find(
    (candidate) => candidate.language === language && candidate.mark === mark,
  );
  if (!block) throw new Error(`${path} has no block of ${language} ${mark ?? ''}`);
  return block.code;
}

/** Returns the inline code of a page. */
export function codeSpansOf({ text }: Page): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
}

/** Returns the text of a page without code. */
export function proseOf({ text }: Page): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '');
}

function withoutBlocks(text: string): string {
  return text.replace(/^```.*?^```$/gms, '');
}
