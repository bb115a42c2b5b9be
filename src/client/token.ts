import { messageOf } from '../lib/errors.js';
import { ClientError } from './client-error.js';

/** Token, or what gives one anew for each connection. */
export type Token = string | (() => string | Promise<string>);

/** The token for a connection; null where none was given. Rejects with a ClientError when it cannot be had, or is none. */
export async function tokenFrom(token: Token | undefined): Promise<string | null> {
  if (token === undefined) return null;
  const given = typeof token === 'string' ? token : await ask(token);
  if (/^[\x21-\x7e]+$/.test(given)) return given;
  throw new ClientError('UNAUTHENTICATED', 'token: expected printable characters without spaces');
}

async function ask(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token();
  } catch (error) {
    throw new ClientError('UNREACHABLE', `token: it could not be had: ${messageOf(error)}`);
  }
}
