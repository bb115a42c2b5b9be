import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { encodeSession } from '../../src/model/encode.js';
import type { Session } from '../../src/model/session.js';
import { rawSessions } from '../support/arbitraries.js';
import { decodeRawSession } from '../support/raw-session.js';
import { readRecordedEvents, WATCH_RECORDINGS } from '../support/recording.js';

function throughText(encoded: object): unknown {
  return JSON.parse(JSON.stringify(encoded));
}

/** A Session encoded and decoded again, as an object and as a text. */
function readAgain(made: Session): Session[] {
  const encoded = encodeSession(made);
  return [encoded, throughText(encoded)].map((object) => decodeSession(object, made.instance));
}

describe('encodeSession', () => {
  it('decodes to the same Session, for any Session', () => {
    fc.assert(
      fc.property(rawSessions, (raw) => {
        const made = decodeSession(raw, 'team-a.ci');
        expect(readAgain(made)).toStrictEqual([made, made]);
      }),
      { numRuns: 300 },
    );
  });

  it.each(WATCH_RECORDINGS)('decodes to the same Session for every event of %s', (name) => {
    for (const { object } of readRecordedEvents(name)) {
      const made = decodeSession(object, 'tilt-default');
      expect(readAgain(made)).toStrictEqual([made, made]);
    }
  });

  it('is stable: encoding a decoded Session again returns the same object', () => {
    fc.assert(
      fc.property(rawSessions, (raw) => {
        const encoded = throughText(encodeSession(decodeSession(raw, 'a')));
        expect(throughText(encodeSession(decodeSession(encoded, 'a')))).toStrictEqual(encoded);
      }),
    );
  });

  it('omits empty fields, as Tilt does', () => {
    const metadata = { name: 'Tiltfile', labels: {}, finalizers: [], managedFields: [{}], namespace: '' };
    const bare = { kind: 'Session', apiVersion: 'tilt.dev/v1alpha1', metadata, spec: {}, status: null };
    expect(throughText(encodeSession(decodeSession(bare, 'a')))).toStrictEqual({
      kind: 'Session',
      apiVersion: 'tilt.dev/v1alpha1',
      metadata: { name: 'Tiltfile', managedFields: [{}] },
      spec: { tiltfilePath: '' },
      status: { done: false, startTime: null, targets: [] },
    });
  });

  it('writes only the current state of a target', () => {
    const targets = [
      { name: 'a', type: 'job', state: {} },
      { name: 'b', type: 'job', state: { disabled: {} } },
      { name: 'c', type: 'server', state: { waiting: { waitReason: 'on-dep' } } },
      { name: 'd', type: 'server', state: { active: { startTime: null, ready: true } } },
      {
        name: 'e',
        type: 'job',
        state: { terminated: { startTime: null, error: 'x', graceStatus: 'Tolerated' } },
      },
    ];
    expect(throughText(encodeSession(decodeRawSession({ status: { targets } })))).toMatchObject({
      status: {
        targets: [
          { name: 'a', resources: [], state: {} },
          { name: 'b', state: { disabled: {} } },
          { name: 'c', state: { waiting: { waitReason: 'on-dep' } } },
          { name: 'd', state: { active: { startTime: null, ready: true, lastReadyTime: null } } },
          { name: 'e', state: { terminated: { error: 'x', graceStatus: 'Tolerated' } } },
        ],
      },
    });
  });

  it('keeps keys that are special in JavaScript', () => {
    const map: unknown = JSON.parse('{"__proto__": "a", "constructor": "b", "toString": "c"}');
    const made = decodeRawSession({ metadata: { labels: map, annotations: map } });
    const keys = ['__proto__', 'constructor', 'toString'];
    expect(made.metadata.labels.map(({ key }) => key)).toEqual(keys);
    expect(readAgain(made)).toStrictEqual([made, made]);
    expect(JSON.stringify(encodeSession(made))).toContain('"labels":{"__proto__":"a",');
  });
});
