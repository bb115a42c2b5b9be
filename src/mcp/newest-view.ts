import type { Client, SessionFields, TargetsView } from '../client/client.js';
import { KnownSessionsDocument } from '../client/generated.js';
import { describeKnownSessions } from '../client/known-sessions.js';

/** A question that has no answer, in one line for an agent. */
export class NoAnswer extends Error {}

/** The view of a Session that is known to be there. */
export type KnownView = TargetsView & { readonly session: NonNullable<TargetsView['session']> };

/** How long a gateway may take to say how things are, in milliseconds. */
const ANSWER_MS = 10_000;

/** How much of each target's history is asked for: all that is kept. */
const HISTORY = 50;

/**
 * The targets of a Session as they are now. Rejects with a NoAnswer that says what else there is where there is no such
 * Session, and with the reason where the gateway cannot be asked. The demonstration is no answer unless it is named.
 */
export async function newestView(
  client: Client,
  session: string | undefined,
  signal: AbortSignal,
): Promise<KnownView> {
  const ending = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  for await (const view of client.watchTargets({ session, history: HISTORY, signal: ending })) {
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
  const known = describeKnownSessions(await client.query(KnownSessionsDocument, {}, { signal }), session);
  return new NoAnswer(
    `no Session ${session === undefined ? 'was named' : `has the id ${session}`}; ${known}`,
  );
}

function onlyDemo({ id }: SessionFields): NoAnswer {
  return new NoAnswer(
    `no Tilt is running: only the built-in demonstration is known. To ask about it, name its Session, ${id}`,
  );
}
