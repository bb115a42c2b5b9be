import { isRecord } from '../lib/is-record.js';
import { shorten } from '../model/plain-text.js';

/**
 * The kind of a failure:
 *
 * - `UNREACHABLE`: no gateway answered, or the connection broke. A retry may succeed.
 * - `UNAUTHENTICATED`: the token is missing, invalid or expired.
 * - `REFUSED`: the gateway rejected the request: host or origin not allowed, or a limit exceeded.
 * - `GRAPHQL`: the document or its variables are invalid, or the execution failed. `errors` has the gateway's
 *   errors.
 * - `PROTOCOL`: the response does not follow the protocol; the server may not be a gateway.
 * - `TOO_SLOW`: the consumer of a raw subscription fell too far behind.
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

/** One error of a GraphQL response. */
export interface ResponseError {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** @deprecated Use {@link ResponseError}. */
export type AnsweredError = ResponseError;

/** A failed call of the client. The message is one line. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  /** The errors of the response, if the gateway sent any. */
  readonly errors?: readonly ResponseError[] | undefined;

  constructor(code: ClientErrorCode, message: string, errors?: readonly ResponseError[]) {
    super(toOneLine(message));
    this.code = code;
    this.errors = errors;
  }
}

/** Combines the failures of several gateways into one with the code of the latest. One is unchanged. */
export function combineFailures(failures: readonly ClientError[], latest: ClientError): ClientError {
  if (failures.length < 2) return latest;
  const more = failures.length - MAX_FAILURES;
  const messages = failures.slice(0, MAX_FAILURES).map(({ message }) => message);
  return new ClientError(latest.code, `${messages.join('; ')}${more > 0 ? `; and ${more} more` : ''}`);
}

const MAX_FAILURES = 3;

/** Creates the error for a gateway that cannot be reached. */
export function createUnreachableError(url: string, why: string): ClientError {
  const cause = NO_TLS.test(why) ? 'the server does not speak TLS; use http://' : why;
  return new ClientError('UNREACHABLE', `${url} cannot be reached${cause === '' ? '' : `: ${cause}`}`);
}

/** Errors of OpenSSL about an answer that is not TLS. */
const NO_TLS = /:SSL routines:[^:]*:(?:wrong version number|packet length too long)/;

/** Whether one of the response's errors has this code (`extensions.code`). */
export function hasCode(error: ClientError, code: string): boolean {
  return error.errors?.some(({ extensions }) => extensions?.code === code) ?? false;
}

/** Creates the error for a response with GraphQL errors. */
export function createResponseError(errors: readonly ResponseError[]): ClientError {
  const message = errors.map((error) => error.message).join('; ');
  return new ClientError('GRAPHQL', message || 'The gateway returned an error without a message.', errors);
}

/** Reads the `errors` of a response. Null when the list is empty or missing. */
export function parseErrors(errors: unknown): readonly ResponseError[] | null {
  if (!Array.isArray(errors) || errors.length === 0) return null;
  return errors.map((error: unknown) => (isError(error) ? error : { message: 'an error without a message' }));
}

function isError(error: unknown): error is ResponseError {
  return isRecord(error) && typeof error.message === 'string';
}

/** Fits every message of a gateway; an HTML page is truncated. */
const MAX_MESSAGE_LENGTH = 500;

function toOneLine(text: string): string {
  return shorten(text.replace(/\s+/g, ' ').trim(), MAX_MESSAGE_LENGTH);
}
