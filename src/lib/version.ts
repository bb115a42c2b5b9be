import { createRequire } from 'node:module';
import { isRecord } from './is-record.js';

/** The version of this package. */
export const version = readVersion();

/** By the package's own name for the file: it is found from sources, compiled files and the bundled program alike. */
function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('#package.json');
  return isRecord(manifest) ? String(manifest.version) : 'unknown';
}
