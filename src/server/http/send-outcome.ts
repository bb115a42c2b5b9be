import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable, type Transform } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import type { LargeAnswer } from '../../graphql/execution.js';
import { isSystemError } from '../../lib/errors.js';
import { CACHE_HEADERS, createAnswer } from './answer.js';
import { AnswerForms, sendForm } from './answer-forms.js';
import { compress, createCompressStream, MIN_COMPRESSED } from './compress.js';
import type { AcceptedCoding } from './content-coding.js';

/** Result of an operation. */
export interface Outcome {
  /** The answer as JSON, once it is serialised. */
  text: string | null;
  readonly large: LargeAnswer | null;
  /** Whether it has an ETag. */
  readonly isTagged: boolean;
  /** Keeps the answer for further requests; null if it is not kept. */
  readonly keep: ((answer: AnswerForms) => void) | null;
}

/** The request that is answered, and its response. */
export interface Destination {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly accepted: AcceptedCoding;
}

/** Status and headers of a response, as Yoga has chosen them. */
type Chosen = Pick<Response, 'status' | 'headers'>;

/** Sends the result of an operation as JSON: with an ETag, in parts, or as a text. */
export async function sendOutcome(
  { text, large, isTagged, keep }: Outcome,
  chosen: Chosen,
  to: Destination,
): Promise<void> {
  const { request, response, accepted } = to;
  const type = chosen.headers.get('content-type') ?? '';
  if (isTagged && chosen.status === 200) {
    const answer = new AnswerForms(createAnswer(large?.parts ?? text ?? '', type));
    keep?.(answer);
    sendForm(request, response, answer.find(accepted), []);
  } else if (large && accepted.coding) {
    const headers = { 'content-type': type, 'content-encoding': accepted.coding, ...CACHE_HEADERS };
    response.writeHead(chosen.status, headers);
    await sendParts(response, large.parts, createCompressStream(accepted.coding));
  } else if (large) {
    const headers = { 'content-type': type, 'content-length': large.bytes, ...CACHE_HEADERS };
    response.writeHead(chosen.status, headers);
    await sendParts(response, large.parts);
  } else {
    await sendText(text ?? '', chosen, to);
  }
}

/** Sends a body that is in memory. */
export async function sendText(
  text: string,
  { status, headers }: Chosen,
  { response, accepted: { coding, isRequired } }: Destination,
): Promise<void> {
  const plain = Buffer.from(text);
  const isCompressed = coding !== null && (plain.length >= MIN_COMPRESSED || isRequired);
  const body = isCompressed ? await compress(plain, coding) : plain;
  response.writeHead(status, {
    ...Object.fromEntries(headers),
    ...(isCompressed && { 'content-encoding': coding }),
    'content-length': body.length,
    ...CACHE_HEADERS,
  });
  response.end(body);
}

/**
 * Headers of Yoga's streams that are not sent: Node.js adds those of the connection as the client needs them,
 * and `Content-Encoding: none` names no coding (RFC 9110, section 8.4.1).
 */
const FRAMING: ReadonlySet<string> = new Set(['connection', 'content-encoding', 'transfer-encoding']);

/** Sends a body that Yoga writes in parts, such as multipart. */
export async function sendStream(
  body: AsyncIterable<Uint8Array>,
  { status, headers: given }: Chosen,
  response: ServerResponse,
): Promise<void> {
  const headers = [...given]
    .map(([name, value]): [string, string] => [name.toLowerCase(), value])
    .filter(([name]) => !FRAMING.has(name));
  response.writeHead(status, { ...Object.fromEntries(headers), ...CACHE_HEADERS });
  await sendParts(response, body);
}

/** Sends a body part by part, each once the client has taken the one before. */
export async function sendParts(
  response: ServerResponse,
  parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  compressed?: Transform,
): Promise<void> {
  try {
    if (compressed) await pipe(Readable.from(parts), compressed, response);
    else await pipe(Readable.from(parts), response);
  } catch (error) {
    // A client that leaves in the middle is no failure.
    if (!isSystemError(error)) throw error;
  }
}
