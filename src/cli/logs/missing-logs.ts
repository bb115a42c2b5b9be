import { type Client, ClientError } from '../../client/client.js';
import { findMissingLog } from '../../client/missing-log.js';
import { joinNames } from '../../model/plain-text.js';
import { describeMissingSession } from '../gateway-client.js';

/** Error: there is no log to print. The message is one line. */
export class NoLogError extends Error {
  override readonly name = 'NoLogError';
}

/** Whether a missing Session is awaited, and how that is reported. */
interface RequireOptions {
  readonly isAwaited: boolean;
  readonly notice: (message: string) => void;
  readonly signal: AbortSignal;
}

/** Reports a missing Session with those that exist. Throws a {@link NoLogError} unless it is awaited. */
export async function requireSession(
  client: Client,
  wanted: string | null,
  { isAwaited, notice, signal }: RequireOptions,
): Promise<void> {
  const known = await client.sessions({ signal }).catch(() => null);
  const message = describeMissingSession(wanted, known, isAwaited);
  if (!isAwaited) throw new NoLogError(message);
  if (!signal.aborted) notice(message);
}

/** Explains why a Session has no log: with the reason of its source, or with the option of the gateway. */
export async function describeMissingLog(client: Client, id: string, signal: AbortSignal): Promise<string> {
  const missing = await findMissingLog(client, id, signal);
  switch (missing.is) {
    case 'elsewhere':
      return `${id} has no log here: ask the gateway next to its Tilt, started with --logs`;
    case 'off':
      return `${id} has no log: the gateway reads the logs of Tilts only if it is started with --logs`;
    case 'unreadable':
      return `${id} has no log: ${missing.reason}`;
  }
}

/** Most names in a message. */
const MAX_LISTED = 20;

/** Describes the names that are no resources of a Session. Null if all of them are, or if it is not known. */
export async function describeUnknownResources(
  client: Client,
  session: string,
  names: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  if (names.length === 0) return null;
  const resources = await client.resources({ session, signal }).catch(ignoreClientError);
  if (resources === null) return null;
  const known = resources.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return null;
  return `${session} has no resource ${unknown.join(', ')}; known: ${joinNames(known, MAX_LISTED)}`;
}

function ignoreClientError(error: unknown): null {
  if (error instanceof ClientError) return null;
  throw error;
}
