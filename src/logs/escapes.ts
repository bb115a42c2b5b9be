/** A text without some escapes, and where its characters were in the line. */
export interface DecodedText {
  readonly text: string;
  /** Index in the line of each character of the text, and of its end. Null: the text is the line. */
  readonly indexes: readonly number[] | null;
}

/** JSON within JSON within JSON. */
const MAX_NESTED = 3;

/**
 * The line, then without the escapes of JSON as often as they are nested, and last without those of HTML and
 * URLs. The end of a quoted value is known only in the text in which its quotes are not escaped: a secret
 * that has to be found is searched in each of them. At most five texts, none longer than the line.
 */
export function decodeEscapes(line: string): readonly DecodedText[] {
  const texts: DecodedText[] = [{ text: line, indexes: null }];
  if (!ESCAPE.test(line)) return texts;
  let newest = texts[0] ?? null;
  for (let depth = 0; newest !== null && depth < MAX_NESTED; depth += 1) {
    newest = decode(newest, JSON_ESCAPE, fromJson);
    if (newest !== null) texts.push(newest);
  }
  const last = texts.at(-1);
  const decoded = last === undefined ? null : decode(last, MARKUP_ESCAPE, fromMarkup);
  return decoded === null ? texts : [...texts, decoded];
}

const ESCAPE = /[\\%&]/;

/**
 * A character of ASCII by its code, in JSON, a program, a URL or HTML. It may be any part of a name, such as
 * `pas\x73word`; other escapes stand for punctuation and white space, and only split words.
 */
export const CODE_ESCAPE = /(?:\\(?:u00|x)|%)[2-7][\da-fA-F]|&#/;

/** Replaces each escape by one character. Null if there is none. */
function decode(
  source: DecodedText,
  expression: RegExp,
  toCharacter: (match: RegExpExecArray) => string,
): DecodedText | null {
  const parts: string[] = [];
  const indexes: number[] = [];
  let end = 0;
  for (const match of source.text.matchAll(expression)) {
    keep(match.index);
    parts.push(toCharacter(match));
    indexes.push(source.indexes?.[match.index] ?? match.index);
    end = match.index + match[0].length;
  }
  if (end === 0) return null;
  keep(source.text.length);
  indexes.push(source.indexes?.at(-1) ?? source.text.length);
  return { text: parts.join(''), indexes };

  function keep(to: number): void {
    parts.push(source.text.slice(end, to));
    for (let index = end; index < to; index += 1) indexes.push(source.indexes?.[index] ?? index);
  }
}

/**
 * Escapes in strings of JSON and of programs. In order: a style, a character by its code (groups 1 and 2),
 * and one by its letter (group 3).
 */
const JSON_ESCAPE =
  /\\(?:(?:u001[bB]|x1[bB]|033|e)\[[\d;]{0,32}m|u([\da-fA-F]{4})|x([\da-fA-F]{2})|(["'\\/bfnrt]))/g;

/** White space stands for a style too: a word may start after it. */
function fromJson([, unicode, byte, letter]: RegExpExecArray): string {
  const code = unicode ?? byte;
  if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
  if (letter === 'n' || letter === 'r') return '\n';
  return letter === undefined || /[bft]/.test(letter) ? ' ' : letter;
}

/** ASCII characters of URLs (group 1) and of HTML: by their decimal code, their code in hex or their name. */
const MARKUP_ESCAPE =
  /%([2-7][\da-fA-F]|0[9aAdD])|&(?:#(\d{1,3})|#[xX]([\da-fA-F]{1,2})|(lt|gt|amp|quot|apos));/g;

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['quot', '"'],
  ['apos', "'"],
]);

function fromMarkup([, percent, decimal, hex, name]: RegExpExecArray): string {
  if (name !== undefined) return ENTITIES.get(name) ?? '';
  const code = decimal === undefined ? Number.parseInt(percent ?? hex ?? '', 16) : Number(decimal);
  return String.fromCharCode(code);
}
