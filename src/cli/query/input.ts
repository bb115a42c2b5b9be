import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { readTextFile, UsageError } from '../usage-error.js';

/** The document of the command line: an argument, a file, or standard input. Throws a UsageError where there is none. */
export async function readDocument(
  argument: string | undefined,
  file: string | undefined,
  stdin: Readable,
): Promise<string> {
  if (argument !== undefined && file !== undefined) {
    throw new UsageError('expected one document: as an argument or with --file, not both');
  }
  const from = file ?? (argument === '-' ? '-' : undefined);
  if (from === '-') return text(stdin);
  if (from !== undefined) return readTextFile(from, `--file ${from}`);
  if (argument !== undefined) return argument;
  throw new UsageError(
    "expected a document: as an argument, such as '{ session { id } }', with --file PATH, or - for standard input",
  );
}

/** The variables of `--variables`: JSON, or `@FILE` with JSON. */
export async function readVariables(
  given: string | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (given === undefined) return undefined;
  const where = given.startsWith('@') ? `--variables ${given}` : '--variables';
  const json = given.startsWith('@') ? await readTextFile(given.slice(1), where) : given;
  const value = parsed(json, where);
  if (isObject(value)) return value;
  throw new UsageError(`${where}: expected a JSON object, such as {"id": "tilt-default/Tiltfile"}`);
}

function parsed(json: string, where: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(`${where}: expected JSON (${error instanceof Error ? error.message : error})`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
