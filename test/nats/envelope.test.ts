import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, decodeSession } from '../../src/model/decode.js';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../src/nats/envelope.js';
import { rawSessions } from '../support/arbitraries.js';
import { sessionJson } from '../support/session-json.js';

const INSTANCE = 'team-a.ci';

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record<Envelope>(
  {
    publisher: fc.string(),
    serial: fc.nat(),
    previous: fc.nat(),
    session: rawSessions.map((raw) => decodeSession(raw, INSTANCE)),
    link: fc.constantFrom('live', 'stale', 'gone'),
    error: fc.oneof(fc.string(), fc.constant(null)),
    ageMs: fc.nat(),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['publisher', 'serial', 'previous', 'session', 'link', 'error'],
  },
);

/** One as it stands in a bucket, with some fields replaced; those that are undefined are left out. */
function text(changes: Readonly<Record<string, unknown>> = {}): string {
  const plain = {
    version: 1,
    publisher: 'run-1',
    serial: 7,
    previous: 6,
    link: 'live',
    error: null,
    session: sessionJson({ uid: 'run-1' }),
  };
  return JSON.stringify({ ...plain, ...changes });
}

function messageOf(of: string): string {
  try {
    decodeEnvelope(of, INSTANCE);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
  return 'it was read';
}

describe('an envelope', () => {
  it('is read again as it was, whatever is in it', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(decodeEnvelope(encodeEnvelope(envelope), INSTANCE)).toStrictEqual(envelope);
      }),
    );
  });

  it('has its Session as Tilt writes it, and the instance of its key', () => {
    const envelope = decodeEnvelope(text(), INSTANCE);
    expect(envelope).toMatchObject({
      publisher: 'run-1',
      serial: 7,
      previous: 6,
      link: 'live',
      error: null,
    });
    expect(envelope.session).toEqual(decodeSession(sessionJson({ uid: 'run-1' }), INSTANCE));
    const written: unknown = JSON.parse(encodeEnvelope(envelope));
    expect(written).toMatchObject({
      version: 1,
      session: { kind: 'Session', metadata: { name: 'Tiltfile' } },
    });
  });

  it('need not say that there is no error', () => {
    expect(decodeEnvelope(text({ error: undefined }), INSTANCE)).toMatchObject({ error: null });
  });

  it.each<[string, string, string]>([
    ['another version', text({ version: 2 }), 'version: expected version 1, got 2'],
    ['a version in words', text({ version: '1' }), 'version: expected version 1, got "1"'],
    ['no version', text({ version: undefined }), 'version: expected version 1, got nothing'],
    ['no publisher', text({ publisher: undefined }), 'publisher: expected a string, got nothing'],
    ['a publisher that is a number', text({ publisher: 3 }), 'publisher: expected a string, got 3'],
    ['a serial in words', text({ serial: '7' }), 'serial: expected a number, got "7"'],
    ['no serial', text({ serial: null }), 'serial: expected a number, got null'],
    ['no previous revision', text({ previous: undefined }), 'previous: expected a number, got nothing'],
    ['a link in capitals', text({ link: 'LIVE' }), 'link: expected "live", "stale" or "gone", got "LIVE"'],
    ['no link', text({ link: undefined }), 'link: expected "live", "stale" or "gone", got nothing'],
    ['an age in words', text({ ageMs: '7' }), 'ageMs: expected a number, got "7"'],
    [
      'an age in the future',
      text({ ageMs: -1 }),
      'ageMs: expected from 0 to 1000000000000 milliseconds, got -1',
    ],
    [
      'an age that no time has',
      text({ ageMs: 1e300 }),
      'ageMs: expected from 0 to 1000000000000 milliseconds, got 1e+300',
    ],
    ['an error that is an object', text({ error: {} }), 'error: expected a string, got an object'],
    ['no Session', text({ session: undefined }), 'session: expected an object, got nothing'],
    [
      'another kind of object',
      text({ session: { kind: 'Pod' } }),
      'session.kind: expected "Session", got "Pod"',
    ],
    [
      'a broken Session',
      text({ session: sessionJson({ status: { pid: '1' } }) }),
      'session.status.pid: expected a whole number within 2^53, got "1"',
    ],
    ['a list', '[]', 'Session: expected an object, got a list'],
    ['null', 'null', 'Session: expected an object, got null'],
    ['nothing', '', 'Session: expected JSON, got ""'],
    ['half of it', '{"version":1,\n', 'Session: expected JSON, got "{\\"version\\":1,\\n"'],
  ])('is refused in one line: %s', (_, broken, message) => {
    expect(messageOf(broken)).toBe(message);
  });

  it('is read or refused in one line, whatever stands there', () => {
    const almost = fc.record(
      {
        version: fc.constantFrom<unknown>(1, 2),
        publisher: fc.anything(),
        serial: fc.anything(),
        link: fc.constantFrom<unknown>('live', 'gone', 'x\ny', 7),
        error: fc.anything(),
        ageMs: fc.oneof(fc.double(), fc.anything()),
        session: fc.oneof(rawSessions, fc.anything()),
      },
      { requiredKeys: [] },
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      almost.map((object) => JSON.stringify(object)),
    );
    fc.assert(
      fc.property(texts, (broken) => {
        expect(messageOf(broken)).toMatch(/^(it was read|[^\n\r\u2028\u2029]+: expected .*, got .*)$/);
      }),
    );
  });
});
