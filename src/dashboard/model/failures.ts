import type { Session, VerdictState } from './types.js';

/** The verdicts that were last seen, by Session id. */
export type SeenVerdicts = ReadonlyMap<string, VerdictState>;

/** The verdicts of Sessions, to compare later ones with. */
export function verdictsOf(sessions: Iterable<Session>): SeenVerdicts {
  return new Map([...sessions].map(({ id, verdict }) => [id, verdict.state]));
}

/** The Sessions that have failed since. One that is seen for the first time may have failed long ago: it is none of them. */
export function newFailures(seen: SeenVerdicts, sessions: Iterable<Session>): Session[] {
  return [...sessions].filter(({ id, verdict }) => {
    const before = seen.get(id);
    return verdict.state === 'FAILED' && before !== undefined && before !== 'FAILED';
  });
}
