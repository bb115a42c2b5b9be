import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';

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
 * client. The files are loaded when first asked for and kept compressed.
 *
 * @param folder where they are, ending in a slash
 */
export function createDashboard(folder: URL = FOLDER): Dashboard {
  let files: Promise<ReadonlyMap<string, DashboardFile>> | null = null;
  return {
    async serve(name, request, response) {
      files ??= load(folder).catch((error) => {
        files = null;
        if (isMissing(error)) return new Map();
        throw error;
      });
      const loaded = await files;
      // Tried again by the next: it may be being built.
      if (!loaded.has('index.html')) files = null;
      const file = loaded.get(name);
      if (!file) return false;
      send(file, request, response);
      return true;
    },
  };
}

interface DashboardFile {
  readonly type: string;
  /** Compressed by gzip. */
  readonly body: Buffer;
  readonly etag: string;
  /** Whether its name tells its content: then it never changes. */
  readonly isHashed: boolean;
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['html', 'text/html; charset=utf-8'],
  ['js', 'text/javascript; charset=utf-8'],
  ['css', 'text/css; charset=utf-8'],
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

async function load(folder: URL): Promise<ReadonlyMap<string, DashboardFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`.slice(folder.pathname.length).replace(/^\//, ''));
  const loaded = names.flatMap((name) => {
    const type = TYPES.get(name.slice(name.lastIndexOf('.') + 1));
    return type === undefined ? [] : [loadFile(folder, name, type)];
  });
  return new Map(await Promise.all(loaded));
}

async function loadFile(folder: URL, name: string, type: string): Promise<[string, DashboardFile]> {
  const body = await promisify(gzip)(await readFile(new URL(name, folder)), { level: 9 });
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  return [name, { type, body, etag, isHashed: name.startsWith('assets/') }];
}

function send(
  { type, body, etag, isHashed }: DashboardFile,
  request: IncomingMessage,
  response: ServerResponse,
) {
  response.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
  response.setHeader('content-type', type);
  response.setHeader('etag', etag);
  response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  response.setHeader('vary', 'accept-encoding');
  if (request.headers['if-none-match']?.includes(etag)) {
    response.writeHead(304).end();
  } else if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
  } else {
    const unzip = createGunzip();
    response.writeHead(200);
    // A client that leaves half-way ends both; nothing is left to do then.
    pipeline(unzip, response, () => {});
    unzip.end(body);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
