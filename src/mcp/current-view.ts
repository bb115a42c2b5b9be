import type {
  Client,
  ResourceFields,
  SessionFields,
  TargetsView,
  WatchTargetsOptions,
} from '../client/client.js';
import { KnownSessionsDocument, SourceStatesDocument } from '../client/generated.js';
import {
  describeConnectingSources,
  describeKnownSessions,
  describeUnreadSources,
} from '../client/known-sessions.js';
import { MAX_NAME, truncate } from './bounds.js';

/** Request that cannot be answered. The message is one line for the agent. */
export class NoAnswerError extends Error {}

/** View of a Session that exists. */
export type KnownView = TargetsView & { readonly session: NonNullable<TargetsView['session']> };

/** Maximum time for the first view, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Maximum number of similar ids in an error. */
const MAX_NEAREST = 5;

/** Selects a Session and its targets. */
export type ViewOptions = Pick<WatchTargetsOptions, 'where' | 'history'> & {
  readonly session: string | undefined;
  readonly signal: AbortSignal;
};

/**
 * Reads the current targets of a Session. Rejects with a {@link NoAnswerError} that lists the known Sessions
 * when there is no such Session, or with the reason when the gateway cannot be reached. The demo
 * must be named explicitly.
 */
export async function readCurrentView(client: Client, options: ViewOptions): Promise<KnownView> {
  const { session, signal } = options;
  const ending = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  for await (const view of client.watchTargets({ ...options, signal: ending })) {
    if (view.link.isDown) throw new NoAnswerError(`the gateway cannot be reached: ${view.link.error}`);
    if (view.cursor === null) continue;
    if (view.session === null) throw await sessionNotFound(client, session, signal);
    if (view.session.isDemo && session === undefined) throw await demoNotNamed(client, view.session, signal);
    return { ...view, session: view.session };
  }
  throw new NoAnswerError(`the gateway did not answer within ${TIMEOUT_MS / 1_000} s`);
}

/** Resources of a Session by name. Empty if they are not known. */
export type KnownResources = ReadonlyMap<string, ResourceFields>;

/** Reads the resources of a Session. */
export async function readResources(
  client: Client,
  session: string,
  signal: AbortSignal,
): Promise<KnownResources> {
  const resources = await client.resources({ session, signal });
  return new Map(resources?.map((resource) => [resource.name, resource]));
}

async function sessionNotFound(
  client: Client,
  session: string | undefined,
  signal: AbortSignal,
): Promise<NoAnswerError> {
  const known = await client.query(KnownSessionsDocument, {}, { signal });
  const summary = describeKnownSessions(known, session);
  if (session === undefined) return new NoAnswerError(`session is required; ${summary}`);
  const wrong = `no Session has the id ${truncate(session, MAX_NAME)}`;
  const hasAll = known.present.totalCount + known.gone.totalCount <= MAX_NEAREST;
  if (hasAll) return new NoAnswerError(`${wrong}; ${summary}`);
  const ids = (await client.sessions({ signal })).map(({ id }) => id);
  const near = nearestNames(session, ids, MAX_NEAREST);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'list_sessions returns their ids';
  const connecting = describeConnectingSources(known.gateway.sources);
  const more = connecting === null ? '' : `; ${connecting}`;
  return new NoAnswerError(`${wrong}; ${ids.length} are known; ${hint}${more}`);
}

async function demoNotNamed(
  client: Client,
  { id }: SessionFields,
  signal: AbortSignal,
): Promise<NoAnswerError> {
  const known = await client.query(KnownSessionsDocument, {}, { signal });
  // Another one may have appeared since the demo was selected.
  const isAlone = [...known.present.nodes, ...known.gone.nodes].every(({ isDemo }) => isDemo);
  if (!isAlone) return new NoAnswerError(`session is required; ${describeKnownSessions(known)}`);
  const unread = describeUnreadSources(known.gateway.sources);
  const found =
    unread === null
      ? 'no Tilt is running: only the built-in demo is known'
      : `only the built-in demo is known yet: ${unread}`;
  return new NoAnswerError(`${found}. To use it, pass its Session, ${id}`);
}

/** Names the sources of the gateway whose Sessions may not be known, with their errors. Null for none. */
export async function readUnreadSources(client: Client, signal: AbortSignal): Promise<string | null> {
  const { gateway } = await client.query(SourceStatesDocument, {}, { signal });
  return describeUnreadSources(gateway.sources);
}

/** Finds up to `max` names that are similar to a wrong one, most similar first. */
export function nearestNames(wrong: string, names: readonly string[], max: number): string[] {
  const text = normalise(wrong);
  return names
    .map((name) => ({ name, distance: distanceTo(text, normalise(name)) }))
    .filter(({ distance }) => distance <= Math.max(2, text.length * MAX_SHARE))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, max)
    .map(({ name }) => name);
}

/** Maximum share of a name that may differ. */
const MAX_SHARE = 0.4;

/** Number of characters that are compared. The time grows with its square. */
const MAX_COMPARED = 100;

function normalise(name: string): string {
  return name.slice(0, MAX_COMPARED).toLowerCase();
}

/**
 * Distance of two names. A part of a name, such as a resource without `:serve`, counts as one typing error.
 */
function distanceTo(wrong: string, name: string): number {
  if (wrong.length >= 3 && name.includes(wrong)) return wrong === name ? 0 : 1;
  return editDistance(wrong, name);
}

/** Levenshtein distance: number of characters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Maximum number of names in an error. */
const MAX_LISTED = 5;

/** Throws the {@link NoAnswerError} for a target that does not exist, with the similar names. */
export function throwTargetNotFound(wrong: string, targets: KnownView['targets']): never {
  throwNotFound('target', wrong, [...targets.keys()], 'list_targets and name: "*part*"');
}

/** Throws the {@link NoAnswerError} for a resource that does not exist, with the similar names. */
export function throwResourceNotFound(wrong: string, names: readonly string[]): never {
  throwNotFound('resource', wrong, names, 'list_targets');
}

function throwNotFound(kind: string, wrong: string, names: readonly string[], search: string): never {
  const near = names.length <= MAX_LISTED ? names : nearestNames(wrong, names, MAX_LISTED);
  const listed = near.map((name) => truncate(name, MAX_NAME));
  throw new NoAnswerError(`no ${kind} is named ${truncate(wrong, MAX_NAME)}${hint()}`);

  function hint(): string {
    if (names.length <= MAX_LISTED) return `; known: ${listed.join(', ')}`;
    if (listed.length > 0) return `; ${names.length} are known; did you mean ${listed.join(' or ')}?`;
    return `; ${names.length} are known; search with ${search}`;
  }
}
