import { codeOf, messageOf } from '../lib/errors.js';
import { isRecord } from '../lib/is-record.js';
import { answeredError, ClientError, errorsOf } from './client-error.js';
import type { Request } from './connection.js';
import type { Endpoint } from './endpoint.js';

/** Asks one gateway over HTTP. Rejects with a ClientError, or with the reason of an abort. */
export async function ask(
  request: Request,
  endpoint: Endpoint,
  token: string | null,
  signal: AbortSignal,
): Promise<unknown> {
  try {
    const response = await fetch(endpoint.url, { ...postOf(request, token), signal });
    return dataOf(response.status, await response.text(), endpoint);
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ClientError ? error : unreachable(endpoint, reasonOf(error));
  }
}

/** A gateway that cannot be reached. */
export function unreachable({ url }: Endpoint, why: string): ClientError {
  return new ClientError('UNREACHABLE', `${url} cannot be reached: ${why}`);
}

function postOf(request: Request, token: string | null): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  };
}

function dataOf(status: number, text: string, endpoint: Endpoint): unknown {
  const answer = parse(text);
  const errors = errorsOf(answer.errors);
  const said = errors === null ? `status ${status}` : errors.map(({ message }) => message).join('; ');
  const message = `${endpoint.url}: ${said}`;
  if (status === 401) throw new ClientError('UNAUTHENTICATED', message, errors ?? undefined);
  if (status >= 500) throw new ClientError('UNREACHABLE', message, errors ?? undefined);
  if (status === 403 || status === 413 || status === 429) {
    throw new ClientError('REFUSED', message, errors ?? undefined);
  }
  if (errors !== null) throw answeredError(errors);
  if (isRecord(answer.data) && status === 200) return answer.data;
  throw new ClientError('PROTOCOL', `${endpoint.url}: expected a GraphQL answer, got ${said}`);
}

function parse(text: string): { readonly data?: unknown; readonly errors?: unknown } {
  try {
    const answer: unknown = JSON.parse(text);
    return isRecord(answer) ? answer : {};
  } catch {
    return {};
  }
}

/** What `fetch` says is only that it failed; why is in the cause, where there is one. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : null;
  return (cause instanceof Error && (cause.message || codeOf(cause))) || messageOf(error);
}
