import type { Clock } from '../lib/clock.js';
import type { Connection } from './connection.js';
import {
  type KnownSession,
  type KnownSessions,
  KnownSessionsDocument,
  type SourceStates,
  SourceStatesDocument,
} from './generated.js';
import type { Queries } from './queries.js';
import { subscribe } from './watch.js';

/** Time limit of the query, in milliseconds. */
const TIMEOUT_MS = 3_000;

/**
 * Asks a gateway which Sessions it knows, and describes them as {@link describeKnownSessions} does. Null on
 * any error or timeout; never rejects.
 *
 * @param id id of the missing Session, if one was named
 */
export async function queryKnownSessions(
  queries: Pick<Queries, 'query'>,
  clock: Clock,
  id?: string,
): Promise<string | null> {
  const controller = new AbortController();
  const cancel = clock.after(TIMEOUT_MS, () => controller.abort());
  try {
    const known = await queries.query(KnownSessionsDocument, {}, { signal: controller.signal });
    return describeKnownSessions(known, id);
  } catch {
    return null;
  } finally {
    cancel();
  }
}

/**
 * Explains why a Session is missing: with the error of the source that should provide it, otherwise with the
 * known Sessions, those of running Tilts first: `known: a/Tiltfile (LIVE), b/Tiltfile (GONE)`. Names the
 * sources whose Sessions are not known yet.
 */
export function describeKnownSessions({ present, gone, gateway }: KnownSessions, id?: string): string {
  const nodes = [...present.nodes, ...gone.nodes].slice(0, MAX_LISTED);
  const more = present.totalCount + gone.totalCount - nodes.length;
  const sessions =
    nodes.length === 0
      ? 'the gateway knows no Session: is tilt up or tilt ci running?'
      : `known: ${nodes.map(formatSession).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  const isEmpty = nodes.every(({ isDemo }) => isDemo);
  const errors = errorsOf(gateway.sources.filter(({ name }) => isEmpty || id?.startsWith(`${name}/`)));
  const connecting = describeConnectingSources(gateway.sources);
  const hasNoAnswer = isEmpty && connecting !== null;
  const found = errors.length > 0 ? errors : hasNoAnswer ? [] : [sessions];
  return [...found, ...(connecting === null ? [] : [connecting])].join('; ');
}

/**
 * Names the sources that cannot be read, with their errors, and those that have not delivered data yet. Null
 * for none.
 */
export function describeUnreadSources(sources: SourceStates['gateway']['sources']): string | null {
  const connecting = describeConnectingSources(sources);
  const reasons = [...errorsOf(sources), ...(connecting === null ? [] : [connecting])];
  return reasons.length === 0 ? null : reasons.join('; ');
}

function errorsOf(sources: SourceStates['gateway']['sources']): string[] {
  return sources
    .flatMap(({ name, error }) => (error === null ? [] : [`source ${name}: ${error}`]))
    .slice(0, MAX_ERRORS);
}

/** Names the sources that have not delivered data yet: `source fleet is still connecting`. Null for none. */
export function describeConnectingSources(sources: SourceStates['gateway']['sources']): string | null {
  const names = connectingOf(sources);
  return names.length === 0 ? null : describeConnecting(names);
}

/** Describes sources that have not delivered data yet. There is at least one. */
export function describeConnecting([first, ...others]: readonly string[]): string {
  return `source ${first} ${others.length === 0 ? 'is' : `and ${others.length} more are`} still connecting`;
}

function connectingOf(sources: SourceStates['gateway']['sources']): string[] {
  return sources.filter(({ state }) => state === 'CONNECTING').map(({ name }) => name);
}

/**
 * Asks the connected gateway which of its sources have not delivered data yet. The query uses the WebSocket
 * of the watches, so that no other gateway answers. Null on any error; never rejects.
 */
export async function queryConnectingSources(
  connection: Connection,
  signal: AbortSignal,
): Promise<readonly string[] | null> {
  const options = { signal, triesOthers: false };
  try {
    for await (const { gateway } of subscribe(connection, SourceStatesDocument, {}, options)) {
      return connectingOf(gateway.sources);
    }
  } catch {
    // The next view reports a lost connection.
  }
  return null;
}

const MAX_LISTED = 20;
const MAX_ERRORS = 3;

/** Formats a Session with its state: `a/Tiltfile (LIVE)`. */
export function formatSession({ id, isDemo, connection }: KnownSession): string {
  return `${id} (${isDemo ? 'demo' : connection.state})`;
}
