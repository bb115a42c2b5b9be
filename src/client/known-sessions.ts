import type { Clock } from '../lib/clock.js';
import { type KnownSession, type KnownSessions, KnownSessionsDocument } from './generated.js';
import type { Queries } from './queries.js';

/** How long a gateway may take to say which Sessions there are, in milliseconds. */
const ANSWER_MS = 3_000;

/**
 * Asks a gateway which Sessions there are. Null where it does not say it in time, or at all. Never rejects.
 *
 * @param id of the Session that is missing, if one was named
 */
export async function describeKnown(
  queries: Pick<Queries, 'query'>,
  clock: Clock,
  id?: string,
): Promise<string | null> {
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => late.abort());
  try {
    const known = await queries.query(KnownSessionsDocument, {}, { signal: late.signal });
    return describeKnownSessions(known, id);
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/**
 * Why a Session is missing: the error of the source that should have it, otherwise which Sessions there are, those of running
 * Tilts first: `there are: a/Tiltfile (LIVE), b/Tiltfile (GONE)`.
 */
export function describeKnownSessions({ present, gone, gateway }: KnownSessions, id?: string): string {
  const nodes = [...present.nodes, ...gone.nodes].slice(0, MAX_LISTED);
  const more = present.totalCount + gone.totalCount - nodes.length;
  const sessions =
    nodes.length === 0
      ? 'the gateway knows none: is a tilt up or tilt ci running?'
      : `there are: ${nodes.map(nameOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const isEmpty = nodes.every(({ isDemo }) => isDemo);
  const errors = gateway.sources.flatMap(({ name, error }) =>
    error !== null && (isEmpty || id?.startsWith(`${name}/`)) ? [`source ${name}: ${error}`] : [],
  );
  return errors.length > 0 ? errors.slice(0, MAX_ERRORS).join('; ') : sessions;
}

const MAX_LISTED = 20;
const MAX_ERRORS = 3;

function nameOf({ id, isDemo, connection }: KnownSession): string {
  return `${id} (${isDemo ? 'the demonstration' : connection.state})`;
}
