import fc from 'fast-check';
import { DecodeError, decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { computeVerdict } from '../../../src/model/verdict.js';
import { almostJson, tooDeep } from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { isReallyPassed } from '../harness/passed.js';
import { createSessionStore, mustBeDecentError } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const texts = fc.oneof(
  { weight: 30, arbitrary: hostileSessions.map((session) => JSON.stringify(session) ?? '') },
  { weight: 10, arbitrary: almostJson(hostileSessions) },
  { weight: 1, arbitrary: tooDeep(hostileSessions) },
);

/** Session objects, one after the other: decoded, stored, asked for. */
export const sessionObjects = defineSurface({
  name: 'session-objects',
  share: 210,
  arbitrary: fc.array(texts, { minLength: 1, maxLength: 10 }),
  count: (all) => all.length,
  check(all) {
    const held = createSessionStore();
    for (const text of all) {
      const value = parse(text);
      if (value === undefined) continue;
      const session = decode(value);
      if (typeof session === 'string') held.apply({ type: 'stale', error: session });
      else {
        mustBeHonest(session, value);
        held.apply({ type: 'upsert', session });
      }
    }
    held.mustBeReadable();
  },
});

/** The Session, or why it is none. */
function decode(value: unknown): Session | string {
  try {
    return decodeSession(value, 'fuzz');
  } catch (error) {
    mustBeDecentError(error, DecodeError);
    return error instanceof Error ? error.message : '';
  }
}

/** Never a false green. */
function mustBeHonest(session: Session, value: unknown): void {
  if (computeVerdict(session, 'live').state === 'passed' && !isReallyPassed(value))
    throw new Violation('passed, and is not', JSON.stringify(value));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
