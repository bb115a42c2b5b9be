import { describe, expect, it } from 'vitest';
import type { KnownSession, KnownSessions } from '../../src/client/generated.js';
import { describeKnownSessions } from '../../src/client/known-sessions.js';

type Sources = KnownSessions['gateway']['sources'];

const A: KnownSession = { id: 'a/Tiltfile', isDemo: false, connection: { state: 'LIVE' } };
const DEMO: KnownSession = { id: 'demo/Tiltfile', isDemo: true, connection: { state: 'LIVE' } };
const FLEET = { name: 'fleet', state: 'CONNECTING', error: null } as const;
const A_LIVE = { name: 'a', state: 'LIVE', error: null } as const;
const DOWN = { name: 'down', state: 'STALE', error: 'connection refused' } as const;

function describeKnown(nodes: readonly KnownSession[], sources: Sources, id?: string): string {
  const present = { totalCount: nodes.length, nodes };
  return describeKnownSessions({ present, gone: { totalCount: 0, nodes: [] }, gateway: { sources } }, id);
}

describe('the reason for a missing Session', () => {
  it.each<[string, readonly KnownSession[], Sources, string]>([
    ['no Session', [], [A_LIVE], 'the gateway knows no Session: is tilt up or tilt ci running?'],
    ['no Session yet', [], [FLEET], 'source fleet is still connecting'],
    ['only the demo', [DEMO], [FLEET], 'source fleet is still connecting'],
    ['some Sessions', [A], [A_LIVE, FLEET], 'known: a/Tiltfile (LIVE); source fleet is still connecting'],
    [
      'an error and two connecting sources',
      [],
      [DOWN, FLEET, { ...FLEET, name: 'other' }],
      'source down: connection refused; source fleet and 1 more are still connecting',
    ],
  ])('the reason names the sources that are still connecting: %s', (_, nodes, sources, expected) => {
    expect(describeKnown(nodes, sources, 'b/Tiltfile')).toBe(expected);
  });
});
