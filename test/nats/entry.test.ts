import { describe, expect, it } from 'vitest';
import { decodeEntry } from '../../src/nats/entry.js';
import { compress, encodeEnvelope } from '../../src/nats/message-format.js';
import { toChanges } from '../../src/nats/replay.js';
import { resourceJson } from '../support/fact-json.js';
import { sessionJson } from '../support/session-json.js';
import { session } from '../support/sessions.js';

describe('decodeEntry', () => {
  const message = (key: string, text: string) => ({
    subject: `$KV.tilts.${key}`,
    seq: 5,
    writtenAt: 5,
    ageMs: 0,
    headers: undefined,
    data: Buffer.from(text),
  });
  const text = encodeEnvelope({
    publisher: 'p',
    serial: 5,
    previous: 4,
    connection: 'live',
    error: null,
    session: session('a'),
  });

  it.each([
    ['was read at once', 999, undefined],
    ['could not be read for a while', 20_000, 20_000],
    ['has an unknown age', Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ])('counts the age of a message that %s as a delay', (_, ageMs, delayMs) => {
    expect(decodeEntry({ ...message('a.Tiltfile', text), ageMs })?.delayMs).toBe(delayMs);
  });

  it('decodes a Session with the name in its key', () => {
    expect(decodeEntry(message('a.Tiltfile', text))).toMatchObject({
      id: 'a/Tiltfile',
      content: { session: { id: 'a/Tiltfile' } },
    });
  });

  it.each([
    ['a deletion', ['KV-Operation', 'DEL']],
    ['the marker of an expiry', ['Nats-Marker-Reason', 'MaxAge']],
  ] as const)('decodes %s', (_, [name, value]) => {
    const headers = new Headers({ [name]: value });
    const marker = {
      ...message('a.Tiltfile', ''),
      headers: { get: (of: string) => headers.get(of) ?? '', has: (of: string) => headers.has(of) },
    };
    expect(decodeEntry(marker)).toMatchObject({ id: 'a/Tiltfile', content: null });
  });

  it('rejects a Session with another name than its key, whose end would not be noticed', () => {
    const decoded = decodeEntry(message('a.Other', text));
    expect(decoded?.id).toBe('a/Other');
    expect(decoded && toChanges(decoded)).toEqual([
      {
        type: 'stale',
        id: 'a/Other',
        error: 'a.Other: session.metadata.name: expected "Other" as in the key, got "Tiltfile"',
      },
    ]);
  });
});

describe('the estimated memory of an entry', () => {
  const targets = Array.from({ length: 10_000 }, () => ({ name: 'a' }));
  const state = {
    ...{ version: 1, publisher: 'p', serial: 1, previous: 0, link: 'live', error: null },
    session: sessionJson({ targets }),
    facts: { resources: [resourceJson('a'), resourceJson('b')] },
  };
  const message = (seq: number, text: string, headers?: ReadonlyMap<string, string>) => ({
    subject: '$KV.tilts.a.Tiltfile',
    seq,
    writtenAt: seq,
    ageMs: 0,
    headers: headers && {
      get: (name: string) => headers.get(name) ?? '',
      has: (name: string) => headers.has(name),
    },
    data: compress(text),
  });

  it('is more than the length of its text, of which gzip leaves a hundredth', () => {
    const text = JSON.stringify(state);
    const written = message(1, text);
    expect(written.data.length).toBeLessThan(text.length / 100);
    const entry = decodeEntry(written);
    const bytes = text.length + 64 * 10_002;
    expect(entry?.bytes).toBe(bytes);
    expect(entry && toChanges(entry)).toMatchObject([{ type: 'upsert', bytes }]);
  });

  it('includes the list of all targets, which a delta copies to change one of them', () => {
    const first = decodeEntry(message(1, JSON.stringify(state))) ?? undefined;
    const delta = '1 2 {"status":{},"targets":[[0,{"name":"a","type":"job"}]]}';
    const headers = new Map([
      ['Tilt-Graphql-Delta', delta],
      ['Tilt-Graphql-Digest', 'any'],
    ]);
    const late = { ...message(2, '', headers), ageMs: 20_000 };
    const entry = decodeEntry(late, () => first);
    expect(entry?.delta?.changedTargets).toEqual([0]);
    expect(entry?.delayMs).toBe(20_000);
    expect(entry?.bytes).toBe(delta.length + 8 * 10_002);
  });
});
