import { type Client, ClientError } from '../../client/client.js';
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

interface SourcesAnswer {
  readonly gateway: {
    readonly sources: readonly { readonly name: string; readonly unavailable: readonly string[] }[];
  };
}

/** Kind under which a source reports that it cannot read logs. */
const LOGS = 'logs: ';

/**
 * Explains why a Session has no log: with the reason of its source, or with the option of the gateway. The
 * source of a single Tilt has the name of its instance; others, such as buckets, carry no logs.
 */
export async function describeMissingLog(client: Client, id: string, signal: AbortSignal): Promise<string> {
  const document = '{ gateway { sources { name unavailable } } }';
  const answer = await client.query<SourcesAnswer, object>(document, {}, { signal }).catch(ignoreClientError);
  const own = answer?.gateway.sources.find(({ name }) => id.startsWith(`${name}/`));
  if (answer !== null && own === undefined) {
    return `${id} has no log here: ask the gateway next to its Tilt, started with --logs`;
  }
  const reason = own?.unavailable.find((line) => line.startsWith(LOGS));
  return reason === undefined
    ? `${id} has no log: the gateway reads the logs of Tilts only if it is started with --logs`
    : `${id} has no log: ${reason.slice(LOGS.length)}`;
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
  const more = known.length > MAX_LISTED ? ` and ${known.length - MAX_LISTED} more` : '';
  return `${session} has no resource ${unknown.join(', ')}; known: ${known.slice(0, MAX_LISTED).join(', ')}${more}`;
}

function ignoreClientError(error: unknown): null {
  if (error instanceof ClientError) return null;
  throw error;
}
