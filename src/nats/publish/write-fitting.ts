import type { Session } from '../../model/session.js';
import { isTooLarge } from '../errors.js';

/**
 * Writes a state. If it exceeds the maximum size of a message, but fits without the facts about its Session,
 * it is written without them: they only explain it.
 *
 * @param onFacts called after a state with facts was written: with the error that it is too large, if it was
 *   written without them, else with null
 */
export async function writeFitting<T extends { readonly session: Session }>(
  state: T,
  onFacts: (error: unknown) => void,
  write: (state: T) => Promise<void>,
): Promise<void> {
  const { facts, ...session } = state.session;
  if (facts === undefined) return await write(state);
  try {
    await write(state);
    onFacts(null);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    await write({ ...state, session });
    onFacts(error);
  }
}
