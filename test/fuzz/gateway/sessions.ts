import { decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { readLastObject } from '../../support/recording.js';
import { sessionJson } from '../../support/session-json.js';

/** The Session that changes all the time, for the client that must not be disturbed. */
export const WITNESS_ID = 'witness/Tiltfile';

/** What hostile queries are asked of: real Sessions of all states, which do not change. */
export function standingSessions(): Session[] {
  return [
    decodeSession(readLastObject('up'), 'tilt-default'),
    decodeSession(readLastObject('ci-ok'), 'tilt-10360'),
    decodeSession(readLastObject('ci-bad'), 'tilt-10361'),
  ];
}

/** The witness's Session after so many updates: its one target waits for the number. */
export function witnessSession(tick: number): Session {
  const target = {
    name: 'tick',
    type: 'server',
    resources: ['tick'],
    state: { waiting: { waitReason: String(tick) } },
  };
  return decodeSession(sessionJson({ uid: 'witness', targets: [target] }), 'witness');
}
