import { ClientError } from './client-error.js';
import type { Client } from './create-client.js';

/**
 * Why a Session has no log:
 *
 * - `elsewhere`: it comes from a source without logs, such as a bucket. The gateway next to its Tilt may have
 *   it.
 * - `off`: no reason is known, so the gateway was probably started without `--logs`.
 * - `unreadable`: its source cannot read it.
 */
export type MissingLog =
  | { readonly is: 'elsewhere' | 'off' }
  | { readonly is: 'unreadable'; readonly reason: string };

/** A source of the gateway. */
interface Source {
  readonly name: string;
  /** Kinds of objects that it does not provide, and why, one line each. */
  readonly unavailable: readonly string[];
}

/**
 * Finds why a Session has no log. Rejects only when the signal aborts: an error of the gateway counts as
 * `off`.
 *
 * @param session id of the Session
 */
export async function findMissingLog(
  client: Pick<Client, 'query'>,
  session: string,
  signal: AbortSignal,
): Promise<MissingLog> {
  const document = '{ gateway { sources { name unavailable } } }';
  try {
    const { gateway } = await client.query<SourcesAnswer, object>(document, {}, { signal });
    return toMissingLog(session, gateway.sources);
  } catch (error) {
    if (error instanceof ClientError) return { is: 'off' };
    throw error;
  }
}

interface SourcesAnswer {
  readonly gateway: { readonly sources: readonly Source[] };
}

/** Kind under which a source reports that it cannot read logs. */
const LOGS = 'logs: ';

/** The source of a single Tilt has the name of its instance. Others have the Sessions of many Tilts. */
function toMissingLog(session: string, sources: readonly Source[]): MissingLog {
  const own = sources.find(({ name }) => session.startsWith(`${name}/`));
  if (own === undefined) return { is: 'elsewhere' };
  const line = own.unavailable.find((each) => each.startsWith(LOGS));
  return line === undefined ? { is: 'off' } : { is: 'unreadable', reason: line.slice(LOGS.length) };
}
