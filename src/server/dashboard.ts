import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMissing } from '../lib/errors.js';
import { type CompressedFile, compressFile, sendFile } from './http/compressed-file.js';

/** The dashboard's files. */
export interface Dashboard {
  /**
   * Answers with a file, such as `index.html` or `assets/main-1a2b3c4d.js`. False when there is none of that name, or
   * the dashboard was not built: then nothing is answered. Rejects when the files cannot be read.
   */
  serve(file: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
}

/** Where the build puts the files; the same from the sources and from what they are compiled to. */
const FOLDER = new URL('../../dist/dashboard/', import.meta.url);

/**
 * The dashboard: a page of static files, without any secret, which reads what it shows from the endpoint like any other
 * client. The files are loaded when first asked for and kept compressed. (The ETags of `sirv` are a file's size and time: npm
 * gives all files one time, and the page is as long in each version, so that a browser would keep an old one.)
 *
 * @param folder where they are, ending in a slash
 */
export function createDashboard(folder: URL = FOLDER): Dashboard {
  let files: Promise<ReadonlyMap<string, CompressedFile>> | null = null;
  return {
    async serve(name, request, response) {
      files ??= load(fileURLToPath(folder)).catch((error) => {
        files = null;
        if (isMissing(error)) return new Map();
        throw error;
      });
      const loaded = await files;
      // Tried again by the next: it may be being built.
      if (!loaded.has('index.html')) files = null;
      const file = loaded.get(name);
      if (!file) return false;
      response.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
      sendFile(file, request, response);
      return true;
    },
  };
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
]);

const SECURITY_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // The icon of the tab is drawn by the page.
    "img-src 'self' data:",
    // WebSockets to the page's own host are part of 'self' (CSP, level 3).
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
