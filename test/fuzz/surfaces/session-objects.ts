import fc from 'fast-check';
import { DecodeError, decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { computeVerdict } from '../../../src/model/verdict.js';
import { almostJson, deeplyNested } from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { passesInTilt } from '../harness/passes-in-tilt.js';
import { assertErrorMessage, createSessionStore } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const texts = fc.oneof(
  { weight: 30, arbitrary: hostileSessions.map((session) => JSON.stringify(session) ?? '') },
  { weight: 10, arbitrary: almostJson(hostileSessions) },
  { weight: 1, arbitrary: deeplyNested(hostileSessions) },
);

/** A sequence of session objects that is decoded, stored and queried. */
export const sessionObjects = defineSurface({
  name: 'session-objects',
  share: 210,
  arbitrary: fc.array(texts, { minLength: 1, maxLength: 10 }),
  count: (all) => all.length,
  check(all) {
    const store = createSessionStore();
    for (const text of all) {
      const value = parse(text);
      if (value === undefined) continue;
      const session = decode(value);
      if (typeof session === 'string') store.apply({ type: 'stale', error: session });
      else {
        assertNoFalsePass(session, value);
        store.apply({ type: 'upsert', session });
      }
    }
    store.assertReadable();
  },
});

/** Decodes a session. Returns the error message if it is invalid. */
function decode(value: unknown): Session | string {
  try {
    return decodeSession(value, 'fuzz');
  } catch (error) {
    assertErrorMessage(error, DecodeError);
    return error instanceof Error ? error.message : '';
  }
}

/** Asserts that a failed session is never reported as passed. */
function assertNoFalsePass(session: Session, value: unknown): void {
  if (computeVerdict(session, 'live').state === 'passed' && !passesInTilt(value))
    throw new Violation('a Session that has not passed is reported as passed', JSON.stringify(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
