import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { type IncomingMessage, request, STATUS_CODES } from 'node:http';
import { codeOf, isMissing } from '../../lib/errors.js';
import { signatureOf } from '../../lib/file-watcher.js';
import { oneLine } from '../../model/plain-text.js';
import { statusMessage } from './response-error.js';

/** An error of a connection to the HUD, as Tilt calls its web server's view. `message` is one line. */
export class HudError extends Error {
  override readonly name = 'HudError';

  constructor(
    message: string,
    /** Whether the token was missing or rejected. Only another token can help. */
    readonly isTokenError = false,
  ) {
    super(oneLine(message));
  }
}

/** Web server of a Tilt, and the file with the token that it requires. */
export interface HudAddress {
  /** URL without a path, such as `http://localhost:10350`. */
  readonly webUrl: string;
  /** Usually `~/.tilt-dev/token`. May be missing: Tilts before June 2026 require no token. */
  readonly tokenFile: string;
}

/**
 * Requests the token of a WebSocket (`/api/websocket_token`). Resolves with null for a Tilt without this
 * endpoint. Throws a {@link HudError}.
 */
export async function requestSocketToken(address: HudAddress, signal: AbortSignal): Promise<string | null> {
  const { webUrl, tokenFile } = address;
  const token = await readToken(tokenFile);
  const { status, body } = await get(`${webUrl}/api/websocket_token`, token, signal);
  if (status === 404) return null;
  if (status === 401 || status === 403) throw rejected(address, token, status, body);
  if (status === 200 && TOKEN.test(body.trim())) return body.trim();
  const got = `HTTP ${status}${status === 200 ? ' with another text' : ''}`;
  throw new HudError(`${webUrl}: expected a token for a WebSocket, got ${got}; check that it is a Tilt`);
}

/** Identifies the content of a token file by its attributes; changes when it is written or appears. */
export async function readTokenSignature(path: string): Promise<string> {
  try {
    return signatureOf(await stat(path, { bigint: true }));
  } catch (error) {
    return codeOf(error);
  }
}

/** Characters that are valid in a header and in a query. */
const TOKEN = /^[\x21-\x7e]{1,1024}$/;

/** Reads the token; null if there is no file. */
async function readToken(path: string): Promise<string | null> {
  try {
    const token = (await readStart(path)).trim();
    if (TOKEN.test(token)) return token;
  } catch (error) {
    if (isMissing(error)) return null;
    throw new HudError(`${path}: the token cannot be read: ${codeOf(error)}`, true);
  }
  throw new HudError(`${path}: expected a token of visible ASCII characters, got something else`, true);
}

/** Longest token file, in bytes, with white space around the token. More is not read. */
const MAX_FILE_BYTES = 4_096;

/** Reads the start of a file. Empty for a pipe or a device: reading those may never end. */
async function readStart(path: string): Promise<string> {
  // Opening a pipe without a writer would block a thread for good.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = await file.stat();
    if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    if (!stats.isFile()) return '';
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES), 0, MAX_FILE_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function rejected({ webUrl, tokenFile }: HudAddress, token: string | null, status: number, body: string) {
  const answer = `${webUrl}: ${status} ${STATUS_CODES[status]}`;
  const reason = statusMessage(body);
  const problem = token === null ? 'there is no token in' : 'the token was rejected, it is from';
  return new HudError(`${answer}${reason && ` (${reason})`}: ${problem} ${tokenFile}`, true);
}

interface Answer {
  readonly status: number;
  /** At most {@link MAX_BODY_BYTES}. */
  readonly body: string;
}

const MAX_BODY_BYTES = 4_096;

async function get(url: string, token: string | null, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = token === null ? {} : { 'x-tilt-token': token };
      request(url, { headers, signal, agent: false }, resolve).on('error', reject).end();
    });
    const body: AsyncIterable<Uint8Array> = response;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BODY_BYTES) break;
    }
    const text = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
    return { status: response.statusCode ?? 0, body: text };
  } catch (error) {
    throw new HudError(`${new URL(url).origin}: ${codeOf(error)}`);
  }
}
