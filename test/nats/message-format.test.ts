import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError, decodeSession } from '../../src/model/decode.js';
import { decodeResource } from '../../src/model/decode-facts.js';
import { NO_FACTS, type SessionFacts } from '../../src/model/facts.js';
import { sessionIdOf } from '../../src/model/session.js';
import {
  compress,
  decodeEnvelope,
  decompress,
  type Envelope,
  encodeEnvelope,
  formatKey,
  MAX_STATE_BYTES,
  parseKey,
} from '../../src/nats/message-format.js';
import { rawSessions } from '../support/arbitraries.js';
import { factsWithExcerpts } from '../support/fact-arbitraries.js';
import { resourceJson } from '../support/fact-json.js';
import { sessionJson } from '../support/session-json.js';

const INSTANCE = 'team-a.ci';

function isKnown({ resources, cluster, excerpts }: SessionFacts): boolean {
  return resources !== null || cluster !== null || excerpts !== undefined;
}

const anyEnvelope: fc.Arbitrary<Envelope> = fc.record<Envelope>(
  {
    publisher: fc.string(),
    serial: fc.nat(),
    previous: fc.nat(),
    session: fc
      .tuple(
        rawSessions.map((raw) => decodeSession(raw, INSTANCE)),
        fc.option(factsWithExcerpts().filter(isKnown), { nil: undefined }),
      )
      .map(([session, facts]) => ({ ...session, ...(facts && { facts: { ...facts, webUrl: null } }) })),
    connection: fc.constantFrom('live', 'stale', 'gone'),
    error: fc.oneof(fc.string(), fc.constant(null)),
    ageMs: fc.nat(),
  },
  {
    noNullPrototype: true,
    requiredKeys: ['publisher', 'serial', 'previous', 'session', 'connection', 'error'],
  },
);

/** The JSON of an envelope with some fields replaced. Undefined fields are omitted. */
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
  return 'decoded';
}

describe('an envelope', () => {
  it('decodes to what was encoded, whatever it contains', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        expect(decodeEnvelope(encodeEnvelope(envelope), INSTANCE)).toStrictEqual(envelope);
      }),
    );
  });

  it('contains the Session as Tilt writes it, and takes the instance from the key', () => {
    const envelope = decodeEnvelope(text(), INSTANCE);
    expect(envelope).toMatchObject({
      publisher: 'run-1',
      serial: 7,
      previous: 6,
      connection: 'live',
      error: null,
    });
    expect(envelope.session).toEqual(decodeSession(sessionJson({ uid: 'run-1' }), INSTANCE));
    const written: unknown = JSON.parse(encodeEnvelope(envelope));
    expect(written).toMatchObject({
      version: 1,
      link: 'live',
      session: { kind: 'Session', metadata: { name: 'Tiltfile' } },
    });
  });

  it('contains the facts as the objects of Tilt next to the Session, and no such field if nothing is known', () => {
    const { session, ...head } = decodeEnvelope(text(), INSTANCE);
    const facts = {
      ...NO_FACTS,
      resources: [decodeResource(resourceJson('api', { labels: ['backend'] }))],
      cluster: { error: 'refused' },
    };
    const written: unknown = JSON.parse(encodeEnvelope({ ...head, session: { ...session, facts } }));
    expect(written).toMatchObject({
      version: 1,
      session: { kind: 'Session' },
      facts: {
        resources: [
          { metadata: { name: 'api', labels: { backend: 'backend' } }, status: { localResourceInfo: {} } },
        ],
        cluster: { status: { error: 'refused' } },
      },
    });
    for (const unknown of [undefined, NO_FACTS, { ...NO_FACTS, webUrl: 'http://localhost:10350' }]) {
      const { facts: _, ...without } = { ...session, facts: unknown };
      const made = unknown === undefined ? without : { ...without, facts: unknown };
      expect(JSON.parse(encodeEnvelope({ ...head, session: made }))).not.toHaveProperty('facts');
    }
  });

  it('is decoded as by a reader that does not know the facts, apart from them', () => {
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        const { facts: _, ...older } = JSON.parse(encodeEnvelope(envelope));
        const { facts, ...session } = decodeEnvelope(encodeEnvelope(envelope), INSTANCE).session;
        expect(decodeEnvelope(JSON.stringify(older), INSTANCE).session).toStrictEqual(session);
      }),
    );
  });

  it.each([
    ['a text', 'facts'],
    ['a list', []],
    ['resources that are no list', { resources: {}, cluster: { status: {} } }],
    ['a resource without a name', { resources: [{ metadata: {} }] }],
    ['a cluster that is a number', { cluster: 7 }],
  ])('keeps the Session and drops facts that are %s', (_, facts) => {
    const { session } = decodeEnvelope(text({ facts }), INSTANCE);
    expect(session).toStrictEqual(decodeEnvelope(text(), INSTANCE).session);
    expect(session).not.toHaveProperty('facts');
  });

  it('may omit the error', () => {
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
  ])('is rejected with one line: %s', (_, broken, message) => {
    expect(messageOf(broken)).toBe(message);
  });

  it('is rejected before it is parsed if it has more than a million values', () => {
    // 16 MiB, of which gzip makes 16 kB.
    const trees = `[{}${',{}'.repeat(5_592_000)}]`;
    const bomb = text().replace('"uid":"run-1"', `"uid":"run-1","managedFields":${trees}`);
    expect(messageOf(bomb)).toMatch(/^Session: expected JSON of at most 1000000 values, got ".{70}…"$/);
  });

  it('may have 20,000 targets and 10,000 resources', () => {
    const resources = Array.from({ length: 10_000 }, (_, index) =>
      resourceJson(`resource-${index}`, {
        labels: ['team'],
        on: ['database'],
        status: {
          endpointLinks: [{ url: 'http://localhost:8080', name: 'web' }],
          conditions: ['Ready', 'UpToDate'].map((type) => ({ type, status: 'True', reason: 'Because' })),
        },
      }),
    );
    const targets = resources.flatMap((_, index) =>
      ['update', 'serve'].map((role) => ({
        name: `resource-${index}:${role}`,
        type: 'server',
        resources: [`resource-${index}`],
        state: { active: { startTime: '2026-11-22T11:42:22.642252Z', ready: true, lastReadyTime: null } },
      })),
    );
    const large = text({ session: sessionJson({ targets }), facts: { resources } });
    const { session } = decodeEnvelope(large, INSTANCE);
    expect([session.status.targets.length, session.facts?.resources?.length]).toEqual([20_000, 10_000]);
  });

  it('is decoded or rejected with one line, whatever the text', () => {
    const almost = fc.record(
      {
        version: fc.constantFrom<unknown>(1, 2),
        publisher: fc.anything(),
        serial: fc.anything(),
        link: fc.constantFrom<unknown>('live', 'gone', 'x\ny', 7),
        error: fc.anything(),
        ageMs: fc.oneof(fc.double(), fc.anything()),
        session: fc.oneof(rawSessions, fc.anything()),
        facts: fc.anything(),
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
        expect(messageOf(broken)).toMatch(/^(decoded|[^\n\r\u2028\u2029]+: expected .*, got .*)$/);
      }),
    );
  });
});

describe('compression of values', () => {
  it('restores every text, long or short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat({ max: 2_000 }), (text, times) => {
        const long = text.repeat(times);
        expect(decompress(compress(long))).toBe(Buffer.from(long).toString());
      }),
    );
  });

  it('keeps short texts plain and compresses long ones with gzip', () => {
    expect(Buffer.from(compress('{"version":1}')).toString()).toBe('{"version":1}');
    const long = JSON.stringify(Array.from({ length: 1_000 }, (_, index) => `target ${index}`));
    expect([...compress(long).subarray(0, 2)]).toEqual([0x1f, 0x8b]);
    expect(compress(long).length).toBeLessThan(long.length / 3);
  });

  it.each([
    ['is cut off', gzipSync('x'.repeat(10_000)).subarray(0, -12), 'Z_BUF_ERROR'],
    ['only begins like gzip', Buffer.from([0x1f, 0x8b, 1, 2, 3]), 'Z_DATA_ERROR'],
    ['exceeds the size limit', gzipSync(Buffer.alloc(MAX_STATE_BYTES + 1)), 'ERR_BUFFER_TOO_LARGE'],
  ])('rejects a value that %s', (_, bytes, code) => {
    expect(() => decompress(bytes)).toThrow(DecodeError);
    expect(() => decompress(bytes)).toThrow(
      `expected gzip of at most ${MAX_STATE_BYTES} bytes, got "${code}"`,
    );
  });
});

/** A valid key of a NATS bucket (ADR-8). */
const VALID_KEY = /^[-/_=a-zA-Z0-9]+(\.[-/_=a-zA-Z0-9]+)*$/;

const anyText = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({
    unit: fc.constantFrom('a', 'B', '.', '=', '2', 'e', '/', '*', '>', ' ', 'é', '🚀'),
    minLength: 1,
  }),
);
const anyParts = fc.record({ instance: anyText, name: anyText });

describe('formatKey and parseKey', () => {
  it.each([
    ['tilt-default', 'Tiltfile', 'tilt-default.Tiltfile'],
    ['team-a.ci.1234', 'Tiltfile', 'team-a.ci.1234.Tiltfile'],
    ['team-a', 'my.session', 'team-a.my=2esession'],
    ['größe', 'a b', 'gr=c3=b6=c3=9fe.a=20b'],
    ['a*', '>', 'a=2a.=3e'],
    ['a=2e', 'x', 'a=3d2e.x'],
    ['.a', 'x', '=2ea.x'],
    ['a..b', 'x', 'a=2e=2eb.x'],
  ])('convert %j and %j into %s and back', (instance, name, key) => {
    expect(formatKey(instance, name)).toBe(key);
    expect(parseKey(key)).toEqual({ instance, name });
  });

  it('restore every instance and name', () => {
    fc.assert(
      fc.property(anyParts, ({ instance, name }) => {
        const key = formatKey(instance, name);
        expect(parseKey(key)).toEqual({ instance, name });
      }),
      { numRuns: 1_000 },
    );
  });

  it('produce keys that are valid in NATS', () => {
    fc.assert(
      fc.property(anyParts, ({ instance, name }) => {
        expect(formatKey(instance, name)).toMatch(VALID_KEY);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keep the dots of the instance as token separators, and use one token for the name', () => {
    const tokens = fc.array(fc.string({ unit: fc.constantFrom('a', '=', 'é', ' '), minLength: 1 }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(tokens, anyText, (parts, name) => {
        const keyTokens = formatKey(parts.join('.'), name).split('.');
        expect(keyTokens).toHaveLength(parts.length + 1);
        expect(keyTokens.slice(0, -1).map((token) => parseKey(`${token}.x`)?.instance)).toEqual(parts);
      }),
    );
  });

  it('produce different keys for different Sessions', () => {
    fc.assert(
      fc.property(anyParts, anyParts, (one, other) => {
        fc.pre(sessionIdOf(one.instance, one.name) !== sessionIdOf(other.instance, other.name));
        expect(formatKey(one.instance, one.name)).not.toBe(formatKey(other.instance, other.name));
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(['', 'Tiltfile', '.Tiltfile', 'a.', 'a..b', '.'])('reject %j', (key) => {
    expect(parseKey(key)).toBeNull();
  });
});
