import { isRecord } from '../lib/is-record.js';

/**
 * What went wrong:
 *
 * - `UNREACHABLE`: no gateway answered, or the connection broke. Trying again may help.
 * - `UNAUTHENTICATED`: the gateway asks for a token, or for another one.
 * - `REFUSED`: the gateway will not serve the request: a host or origin it does not allow, a limit.
 * - `GRAPHQL`: the document or its variables are not valid, or could not be executed; `errors` has the gateway's words.
 * - `PROTOCOL`: what answered does not speak as a gateway does.
 * - `TOO_SLOW`: a raw subscription was not read for so long that what waited was more than may.
 * - `CLOSED`: the client was closed.
 */
export type ClientErrorCode =
  | 'UNREACHABLE'
  | 'UNAUTHENTICATED'
  | 'REFUSED'
  | 'GRAPHQL'
  | 'PROTOCOL'
  | 'TOO_SLOW'
  | 'CLOSED';

/** One error of a GraphQL answer. */
export interface AnsweredError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Why the client could not do what it was asked. The message is one line. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** What the gateway said, where it answered with GraphQL errors. */
  readonly errors?: readonly AnsweredError[] | undefined;

  constructor(code: ClientErrorCode, message: string, errors?: readonly AnsweredError[]) {
    super(oneLine(message));
    this.code = code;
    this.errors = errors;
  }
}

/** Whether the gateway gave this code (`extensions.code`) to one of its errors. */
export function hasCode(error: ClientError, code: string): boolean {
  return error.errors?.some(({ extensions }) => extensions?.code === code) ?? false;
}

/** An error of what a gateway answered. */
export function answeredError(errors: readonly AnsweredError[]): ClientError {
  const message = errors.map((error) => error.message).join('; ');
  return new ClientError(
    'GRAPHQL',
    message || 'The gateway answered with an error that says nothing.',
    errors,
  );
}

/** The errors of an answer, as far as they are some; null where it has none. */
export function errorsOf(answered: unknown): readonly AnsweredError[] | null {
  if (!Array.isArray(answered) || answered.length === 0) return null;
  return answered.map((error: unknown) =>
    isError(error) ? error : { message: 'an error without a message' },
  );
}

function isError(error: unknown): error is AnsweredError {
  return isRecord(error) && typeof error.message === 'string';
}

/** Long enough for what a gateway says; a page of HTML is cut. */
const LONGEST_MESSAGE = 500;

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

/** A connection that is lost, or could not be made. */
export function lost(message: string): ClientError {
  return new ClientError('UNREACHABLE', message);
}

/**
 * Why a connection was lost.
 *
 * @param reason an event of the WebSocket: it closed, or an error
 * @param isConnected whether the gateway had let it in before
 */
export function lossOf(reason: unknown, url: string, isConnected: boolean): ClientError {
  const { code, text } = wordsOf(reason);
  // The socket's own are events: an Error is of who made no sense of what it brought.
  if (code === null && reason instanceof Error) return new ClientError('PROTOCOL', `${url}: ${text}`);
  if (code === null) return refusal(text, url);
  const said = text === '' ? '' : `: ${text}`;
  if (code === 4401 || code === 4403) {
    const message = `${url} asks for a${isConnected ? ' new' : ' valid'} token${said}`;
    return new ClientError(isConnected ? 'UNREACHABLE' : 'UNAUTHENTICATED', message);
  }
  // 1006: it broke without a word.
  if (code === 1006) return lost(`${url} cannot be reached, or the connection broke`);
  const isMistake = code >= 4000 && code < 4500 && code !== 4408;
  return new ClientError(
    isMistake ? 'PROTOCOL' : 'UNREACHABLE',
    `${url} closed the connection with ${code}${said}`,
  );
}

/** An error before there was a connection. `ws` tells what an upgrade was answered with; a browser never does. */
function refusal(text: string, url: string): ClientError {
  const [, status] = /^Unexpected server response: (\d{3})$/.exec(text) ?? [];
  if (status === undefined) return lost(`${url} cannot be reached${text === '' ? '' : `: ${text}`}`);
  const message = `${url} answered with status ${status} instead of a WebSocket`;
  if (status === '401') return new ClientError('UNAUTHENTICATED', message);
  return new ClientError(status === '403' ? 'REFUSED' : 'UNREACHABLE', message);
}

function wordsOf(reason: unknown): { readonly code: number | null; readonly text: string } {
  if (typeof reason !== 'object' || reason === null) return { code: null, text: '' };
  const code = 'code' in reason && typeof reason.code === 'number' ? reason.code : null;
  const said = 'reason' in reason ? reason.reason : 'message' in reason ? reason.message : '';
  return { code, text: typeof said === 'string' ? said : '' };
}
