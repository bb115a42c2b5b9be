import { decodeSession } from '../../src/model/decode.js';
import type { Session } from '../../src/model/session.js';
import { sessionJson } from './session-json.js';

/** Selection of the long texts of a {@link largeSession}. */
export const WAIT_REASON_FIELDS = 'state { ... on TargetStateWaiting { waitReason } }';

/**
 * Creates a Session whose targets each have a wait reason of this many characters, starting with the round.
 */
export function largeSession(instance: string, targets: number, characters: number, round = 0): Session {
  const state = { waiting: { waitReason: `${round} ${'x'.repeat(characters)}` } };
  const list = Array.from({ length: targets }, (_, index) => ({
    name: `t${index}`,
    type: 'job',
    resources: [],
    state,
  }));
  return decodeSession(sessionJson({ uid: 'wordy', targets: list }), instance);
}
