import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMissing } from '../lib/errors.js';
import type { Compression } from './compression.js';
import { type CompressedFile, compressFile, sendFile } from './http/compressed-file.js';

/** Static files of the dashboard. */
export interface Dashboard {
  /**
   * Answers with a file, such as `index.html` or `assets/main-1a2b3c4d.js`. Resolves with false, without an
   * answer, if the file does not exist or the dashboard is not built. Rejects if the files cannot be read.
   */
  serve(file: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** Output folder of the build. The path is the same for sources and compiled files. */
const FOLDER = new URL('../../dist/dashboard/', import.meta.url);

/**
 * Creates the dashboard: static files without secrets. The page reads its data from the endpoint like any
 * other client. The files are loaded with the first request and kept compressed. (`sirv` makes ETags of a
 * file's size and time. npm sets one time for all files, and the page has the same size in each version, so
 * browsers would keep an old page.)
 *
 * @param folder URL of the files, ending in a slash
 */
export function createDashboard(compression: Pick<Compression, 'codingOf'>, folder: URL = FOLDER): Dashboard {
  let files: Promise<ReadonlyMap<string, CompressedFile>> | null = null;
  return {
    async serve(name, request, response) {
      files ??= load(fileURLToPath(folder)).catch((error) => {
        files = null;
        if (isMissing(error)) return new Map();
        throw error;
      });
      const loaded = await files;
      // The next request tries again: a build can be in progress.
      if (!loaded.has('index.html')) files = null;
      const file = loaded.get(name);
      if (!file) return false;
      response.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
      await sendFile(file, request, response, compression);
      return true;
    },
  };
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  // Licenses of the packages in the scripts.
  ['.txt', 'text/plain; charset=utf-8'],
]);

const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The page draws its own tab icon.
    "img-src 'self' data:",
    // In CSP level 3, 'self' includes WebSockets to the page's own host.
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

async function load(folder: string): Promise<ReadonlyMap<string, CompressedFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const loaded = entries
    .filter((entry) => entry.isFile())
    .flatMap(({ parentPath, name }) => {
      const type = TYPES.get(extname(name));
      return type === undefined ? [] : [loadFile(folder, join(parentPath, name), type)];
    });
  return new Map(await Promise.all(loaded));
}

async function loadFile(folder: string, path: string, type: string): Promise<[string, CompressedFile]> {
  const name = relative(folder, path).replaceAll(sep, '/');
  return [name, await compressFile(await readFile(path), type, name.startsWith('assets/'))];
}
