import type { Clock } from '../clock.js';
import { type KnownSession, type KnownSessions, KnownSessionsDocument } from './generated.js';
import type { Queries } from './queries.js';

/** How long a gateway may take to say which Sessions there are, in milliseconds. */
const ANSWER_MS = 3_000;

/** Asks a gateway which Sessions there are. Null where it does not say it in time, or at all. Never rejects. */
export async function describeKnown(queries: Pick<Queries, 'query'>, clock: Clock): Promise<string | null> {
  const late = new AbortController();
  const cancel = clock.after(ANSWER_MS, () => late.abort());
  try {
    return describeKnownSessions(await queries.query(KnownSessionsDocument, {}, { signal: late.signal }));
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/** Which Sessions a gateway knows, those of running Tilts first: `there are: a/Tiltfile (LIVE), b/Tiltfile (GONE)`. */
export function describeKnownSessions({ present, gone, gateway }: KnownSessions): string {
  const nodes = [...present.nodes, ...gone.nodes].slice(0, MAX_LISTED);
  const more = present.totalCount + gone.totalCount - nodes.length;
  const errors = gateway.sources.flatMap(({ name, error }) =>
    error === null ? [] : [`source ${name}: ${error}`],
  );
  const sessions =
    nodes.length === 0
      ? 'the gateway knows none: is a tilt up or tilt ci running?'
      : `there are: ${nodes.map(nameOf).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  // A source in trouble is why a Session is missing, rather than a Tilt that was never started.
  if (nodes.every(({ isDemo }) => isDemo) && errors.length > 0) return errors.slice(0, MAX_ERRORS).join('; ');
  return sessions;
}

const MAX_LISTED = 20;
const MAX_ERRORS = 3;

function nameOf({ id, isDemo, connection }: KnownSession): string {
  return `${id} (${isDemo ? 'the demonstration' : connection.state})`;
}
