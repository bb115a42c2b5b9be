import { decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { readLastObject } from '../../support/recording.js';
import { sessionJson } from '../../support/session-json.js';

/** The session that keeps changing, for the client that must not be disturbed. */
export const WITNESS_ID = 'witness/Tiltfile';

/** Static sessions from recordings, in all states, as target of hostile queries. */
export function staticSessions(): Session[] {
  return [
    decodeSession(readLastObject('up'), 'tilt-default'),
    decodeSession(readLastObject('ci-ok'), 'tilt-10360'),
    decodeSession(readLastObject('ci-bad'), 'tilt-10361'),
  ];
}

/** The witness's session after `tick` updates. The wait reason of its only target is the number. */
export function witnessSession(tick: number): Session {
  const target = {
    name: 'tick',
    type: 'server',
    resources: ['tick'],
    state: { waiting: { waitReason: String(tick) } },
  };
  return decodeSession(sessionJson({ uid: 'witness', targets: [target] }), 'witness');
}
