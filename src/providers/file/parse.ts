import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { messageOf } from '../../lib/errors.js';
import { DecodeError } from '../../model/decode.js';
import { oneLine } from '../../model/one-line.js';
import type { Session } from '../../model/session.js';
import { decodeSessions } from '../decode-sessions.js';
import { MAX_BYTES, MAX_YAML_LENGTH } from '../limits.js';
import { isTooDeep } from '../yaml-depth.js';
import { createYamlCheck } from '../yaml-problem.js';

/** Why a file gives no Sessions, in one line: which file, where in it, what is wrong. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';

  constructor(message: string) {
    super(oneLine(message));
  }
}

/** Which file, and whose Sessions it holds. */
export interface ParseOptions {
  /** The file's name, for errors; `.json` is JSON, everything else YAML. */
  readonly file: string;
  /** Which Tilt its Sessions are of. */
  readonly instance: string;
}

/**
 * Reads the Sessions of a file: JSON or YAML, of one Session, a list (`List`, `SessionList`), or several YAML
 * documents of either. Pure. A part that cannot be read spoils the whole file: throws a {@link FileProblem}.
 */
export function parseSessions(bytes: Uint8Array, { file, instance }: ParseOptions): Session[] {
  const text = textOf(bytes, file);
  const { values, isWhole } = valuesOf(text, file);
  if (values.every(isNothing)) throw new FileProblem(`${file}: expected a Session, got an empty file`);
  const sessions = values.flatMap((value, index) => {
    const where = values.length === 1 ? file : `${file}: document ${index + 1}`;
    return isNothing(value) ? [] : decoded(value, instance, where);
  });
  if (isWhole) return sessions;
  throw new FileProblem(`${file}: expected a line break at its end: is it cut off? If not, add one`);
}

/** Refuses a file that is too long to be read. Pure. */
export function checkSize(size: number, file: string): void {
  if (size <= MAX_BYTES) return;
  throw new FileProblem(`${file}: expected at most ${mebibytes(MAX_BYTES)} MiB, got ${mebibytes(size)} MiB`);
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileProblem(`${file}: expected UTF-8 text; save it as UTF-8`);
  }
}

/** What a file holds. */
interface Values {
  readonly values: readonly unknown[];
  /**
   * Whether it can be all that was written. JSON that was cut off, as by a full disk, is no JSON; YAML most often still is
   * YAML, of which targets are missing: what failed may be among them. All that tells then is a last line without its end.
   */
  readonly isWhole: boolean;
}

function valuesOf(text: string, file: string): Values {
  if (/\.json$/i.test(file)) {
    return { values: text.trim() === '' ? [] : [fromJson(text, file)], isWhole: true };
  }
  const json = /^\s*[[{]/.test(text) ? quickly(text) : undefined;
  if (json !== undefined) return { values: [json], isWhole: true };
  return { values: fromYaml(text, file), isWhole: /[\r\n]$/.test(text) };
}

/** YAML that happens to be JSON. */
function quickly(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fromJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = messageOf(error);
    throw new FileProblem(`${file}: ${lineOf(message, text)}${message}`);
  }
}

/** Where JSON is wrong, as far as `JSON.parse` tells: sometimes it shows the text around the place instead. */
function lineOf(message: string, text: string): string {
  const offset = /end of JSON/.test(message) ? text.length : /at position (\d+)/.exec(message)?.[1];
  return offset === undefined ? '' : `line ${text.slice(0, Number(offset)).split('\n').length}: `;
}

function fromYaml(text: string, file: string): unknown[] {
  if (text.length > MAX_YAML_LENGTH) {
    const limit = `expected at most ${mebibytes(MAX_YAML_LENGTH)} MiB of YAML`;
    throw new FileProblem(`${file}: ${limit}, got ${mebibytes(text.length)} MiB; save it as JSON`);
  }
  if (isTooDeep(text)) throw new FileProblem(`${file}: expected a Session, got something nested far deeper`);
  const lines = new LineCounter();
  // The core schema of YAML 1.2: a time stays the text it is.
  const documents = parseAllDocuments(text, {
    schema: 'core',
    prettyErrors: false,
    uniqueKeys: false,
    lineCounter: lines,
    // Warnings would be shown by Node.js, with a part of the file.
    logLevel: 'error',
  });
  const check = createYamlCheck();
  return Array.from(documents, (document) => {
    const [error] = document.errors;
    const problem = error ? { offset: error.pos[0], message: error.message } : check(document);
    if (problem === null) return toValue(document, file);
    throw new FileProblem(`${file}: line ${lines.linePos(problem.offset).line}: ${problem.message}`);
  });
}

function toValue(document: Pick<Document, 'toJS'>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: -1 });
  } catch (error) {
    // An alias of nothing.
    throw new FileProblem(`${file}: ${messageOf(error)}`);
  }
}

function decoded(value: unknown, instance: string, where: string): Session[] {
  try {
    return decodeSessions(value, instance);
  } catch (error) {
    throw error instanceof DecodeError ? new FileProblem(`${where}: ${error.message}`) : error;
  }
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1).replace(/\.0$/, '');
}
