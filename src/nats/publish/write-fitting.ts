import type { Session } from '../../model/session.js';
import { isTooLarge } from '../errors.js';

/** Part that was left out of a state, and the error that the state is too large with it. */
export interface Omission {
  readonly what: 'excerpts' | 'facts';
  readonly error: unknown;
}

/**
 * Writes a state. If it exceeds the maximum size of a message, it is written without the excerpts of the log,
 * and if that is too large as well, without any facts about its Session: they only explain it.
 *
 * @param onFacts called after a state with facts was written, with what was left out of it; null for nothing
 */
export async function writeFitting<T extends { readonly session: Session }>(
  state: T,
  onFacts: (omission: Omission | null) => void,
  write: (state: T) => Promise<void>,
): Promise<void> {
  const { facts, ...session } = state.session;
  if (facts === undefined) return await write(state);
  let excess = await tryToWrite(() => write(state));
  if (excess === null) return onFacts(null);
  const { excerpts = [], ...others } = facts;
  if (excerpts.length > 0) {
    const { error } = excess;
    excess = await tryToWrite(() => write({ ...state, session: { ...session, facts: others } }));
    if (excess === null) return onFacts({ what: 'excerpts', error });
  }
  await write({ ...state, session });
  onFacts({ what: 'facts', error: excess.error });
}

/** Returns the error that the message is too large; null if it was written. Throws any other error. */
async function tryToWrite(write: () => Promise<void>): Promise<{ readonly error: unknown } | null> {
  try {
    await write();
    return null;
  } catch (error) {
    if (isTooLarge(error)) return { error };
    throw error;
  }
}
