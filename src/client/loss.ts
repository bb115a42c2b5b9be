import { ClientError } from './client-error.js';

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
