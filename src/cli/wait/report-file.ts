import { access, constants, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, UsageError } from '../usage-error.js';

/** Throws a UsageError for a file that could not be written, before anything is waited for. */
export async function checkWritable(option: string, path: string): Promise<void> {
  const isThere = await stat(path).catch(() => null);
  if (isThere?.isDirectory()) throw new UsageError(`${option} ${path}: expected a file, got a folder`);
  const place = isThere ? path : dirname(path);
  try {
    await access(place, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option} ${path}: it cannot be written (${codeOf(error)})`);
  }
}

/** Writes a file; says why not, in one line, or null when it is written. */
export async function writeOrSayWhyNot(
  path: string,
  text: string,
  flag: 'w' | 'a' = 'w',
): Promise<string | null> {
  try {
    await writeFile(path, text, { flag });
    return null;
  } catch (error) {
    return `${path} could not be written (${codeOf(error)})`;
  }
}
