import { createRequire } from 'node:module';
import { isRecord } from './is-record.js';

/** Version of this package. */
export const version = readVersion();

/** Resolves the manifest by its import name, which works from sources, compiled files and the bundle. */
function readVersion(): string {
  const manifest: unknown = createRequire(import.meta.url)('#package.json');
  return isRecord(manifest) ? String(manifest.version) : 'unknown';
}
