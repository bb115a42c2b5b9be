import { messageOf } from '../../lib/errors.js';
import { DecodeError } from '../../model/decode.js';
import { oneLine } from '../../model/plain-text.js';
import type { Session } from '../../model/session.js';
import { type DecodedInput, decodeSessions, MAX_BYTES } from '../decode-sessions.js';
import { createFactTable, type FactsByInstance, type Unavailable, withFacts } from '../fact-table.js';
import { MAX_YAML_LENGTH, parseYaml, YamlError } from '../yaml.js';

/** Why a file provides no Sessions, on one line: file, place, problem. */
export class FileProblem extends Error {
  override readonly name = 'FileProblem';

  constructor(message: string) {
    super(oneLine(message));
  }
}

/** Identity of a file. */
export interface ParseOptions {
  /** Name of the file, for messages. Files ending in `.json` are JSON, all others YAML. */
  readonly file: string;
  /** Instance of its Sessions that have no namespace. */
  readonly instance: string;
  /** Its last good facts, which stay for objects that cannot be read. Default: none. */
  readonly lastGood?: FactsByInstance;
}

/** Content of a valid file. */
export interface ParsedFile {
  /** Its Sessions, each with the facts of the file. */
  readonly sessions: readonly Session[];
  readonly unavailable: Unavailable;
}

/**
 * Reads the Sessions of a file and the facts about them: JSON or YAML, with one object, a list (`List`,
 * `SessionList`, …), or several YAML documents of either. Pure. Throws a {@link FileProblem}; one invalid
 * Session invalidates the whole file, an invalid `UIResource` or `Cluster` does not.
 */
export function parseSessions(
  bytes: Uint8Array,
  { file, instance, lastGood = new Map() }: ParseOptions,
): ParsedFile {
  const text = decodeText(bytes, file);
  const { values, isWhole } = parseValues(text, file);
  if (values.every(isNothing)) throw new FileProblem(`${file}: expected a Session, got an empty file`);
  const parts = values.flatMap((value, index) => {
    const where = values.length === 1 ? file : `${file}: document ${index + 1}`;
    return isNothing(value) ? [] : [decodeValue(value, instance, where)];
  });
  if (!isWhole)
    throw new FileProblem(`${file}: expected a line break at its end; add one, unless the file is truncated`);
  return combine(parts, { file, instance, lastGood });
}

/**
 * Gives each Session the facts of the objects in its namespace. Of two objects of one kind, namespace and
 * name, the later one counts.
 */
function combine(parts: readonly DecodedInput[], { file, instance, lastGood }: ParseOptions): ParsedFile {
  const table = createFactTable(instance, lastGood);
  for (const { factObjects } of parts) for (const object of factObjects) table.put(object);
  const sessions = parts.flatMap((part) =>
    part.sessions.map((session) => withFacts(session, table.factsOf(session.instance))),
  );
  if (sessions.length === 0 && parts.some(({ factObjects }) => factObjects.length > 0)) {
    throw new FileProblem(`${file}: expected a Session, got only objects that describe one; add the Session`);
  }
  const unavailable = new Map([...table.unavailable].map(([kind, error]) => [kind, `${file}: ${error}`]));
  return { sessions, unavailable };
}

/** Rejects a file that is too long to be read. Pure. */
export function checkSize(size: number, file: string): void {
  if (size <= MAX_BYTES) return;
  throw new FileProblem(`${file}: expected at most ${mebibytes(MAX_BYTES)} MiB, got ${mebibytes(size)} MiB`);
}

function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new FileProblem(`${file}: expected UTF-8 text; save it as UTF-8`);
  }
}

/** Content of a file. */
interface Values {
  readonly values: readonly unknown[];
  /**
   * Whether the file can be complete. Truncated JSON, as after a full disk, is invalid. Truncated YAML is
   * often valid, but lacks targets, such as the one that failed. The only sign of it is a last line without a
   * line break.
   */
  readonly isWhole: boolean;
}

function parseValues(text: string, file: string): Values {
  if (/\.json$/i.test(file)) {
    return { values: text.trim() === '' ? [] : [parseJson(text, file)], isWhole: true };
  }
  const json = /^\s*[[{]/.test(text) ? tryParseJson(text) : undefined;
  if (json !== undefined) return { values: [json], isWhole: true };
  return { values: parseYamlFile(text, file), isWhole: /[\r\n]$/.test(text) };
}

/** Parses YAML that is also JSON, which is much faster. */
function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = messageOf(error);
    throw new FileProblem(`${file}: ${findLine(message, text)}${message}`);
  }
}

/** Line of a JSON error; empty when the message of `JSON.parse` has no position. */
function findLine(message: string, text: string): string {
  const offset = /end of JSON/.test(message) ? text.length : /at position (\d+)/.exec(message)?.[1];
  return offset === undefined ? '' : `line ${text.slice(0, Number(offset)).split('\n').length}: `;
}

function parseYamlFile(text: string, file: string): unknown[] {
  try {
    return parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const where = error.position === null ? '' : `line ${error.position.line}: `;
    const hint = text.length > MAX_YAML_LENGTH ? `, got ${mebibytes(text.length)} MiB; save it as JSON` : '';
    throw new FileProblem(`${file}: ${where}${error.message}${hint}`);
  }
}

function decodeValue(value: unknown, instance: string, where: string): DecodedInput {
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
