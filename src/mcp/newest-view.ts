import type { Client, SessionFields, TargetsView, WatchTargetsOptions } from '../client/client.js';
import { KnownSessionsDocument } from '../client/generated.js';
import { describeKnownSessions } from '../client/known-sessions.js';
import { bounded, MAX_NAME } from './bounds.js';
import { nearestNames } from './nearest.js';

/** A question that has no answer, in one line for an agent. */
export class NoAnswer extends Error {}

/** The view of a Session that is known to be there. */
export type KnownView = TargetsView & { readonly session: NonNullable<TargetsView['session']> };

/** How long a gateway may take to say how things are, in milliseconds. */
const ANSWER_MS = 10_000;

/** Similar ids that an error lists. */
const MAX_NEAREST = 5;

/** Which targets of which Session. */
export type ViewOptions = Pick<WatchTargetsOptions, 'where' | 'history'> & {
  readonly session: string | undefined;
  readonly signal: AbortSignal;
};

/**
 * The targets of a Session as they are now. Rejects with a NoAnswer that says what else there is where there is no such
 * Session, and with the reason where the gateway cannot be asked. The demonstration is no answer unless it is named.
 */
export async function newestView(client: Client, options: ViewOptions): Promise<KnownView> {
  const { session, signal } = options;
  const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  for await (const view of client.watchTargets({ ...options, signal: ending })) {
    if (view.link.state === 'lost') throw new NoAnswer(`the gateway cannot be asked: ${view.link.error}`);
    if (view.cursor === null) continue;
    if (view.session === null) throw await noSuchSession(client, session, signal);
    if (view.session.isDemo && session === undefined) throw onlyDemo(view.session);
    return { ...view, session: view.session };
  }
  throw new NoAnswer(`the gateway did not answer within ${ANSWER_MS / 1_000} s`);
}

async function noSuchSession(
  client: Client,
  session: string | undefined,
  signal: AbortSignal,
): Promise<NoAnswer> {
  const known = await client.query(KnownSessionsDocument, {}, { signal });
  const are = describeKnownSessions(known, session);
  if (session === undefined) return new NoAnswer(`no Session was named; ${are}`);
  const wrong = `no Session has the id ${bounded(session, MAX_NAME)}`;
  const hasAll = known.present.totalCount + known.gone.totalCount <= MAX_NEAREST;
  if (hasAll) return new NoAnswer(`${wrong}; ${are}`);
  const ids = (await client.sessions({ signal })).map(({ id }) => id);
  const near = nearestNames(session, ids, MAX_NEAREST);
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'list_sessions gives their ids';
  return new NoAnswer(`${wrong}, of ${ids.length} that are known; ${hint}`);
}

function onlyDemo({ id }: SessionFields): NoAnswer {
  return new NoAnswer(
    `no Tilt is running: only the built-in demonstration is known. To ask about it, name its Session, ${id}`,
  );
}
