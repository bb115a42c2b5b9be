import fc from 'fast-check';
import { decodeSession } from '../../../src/model/decode.js';
import type { Session } from '../../../src/model/session.js';
import { type BucketReader, createBucketReader } from '../../../src/nats/bucket-reader.js';
import { digestOf } from '../../../src/nats/delta.js';
import { encodeDeltaHeaders, HEADERS } from '../../../src/nats/delta-message.js';
import { decodeEntry, envelopeOf } from '../../../src/nats/entry.js';
import { encodeEnvelope } from '../../../src/nats/message-format.js';
import type { StreamMessage } from '../../../src/nats/stream-position.js';
import { createManualClock, type ManualClock } from '../../support/manual-clock.js';
import { session, states } from '../../support/sessions.js';
import { almostJson } from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { awkwardTexts } from '../arbitraries/texts.js';
import { createSessionStore } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { formatValue, Violation } from '../harness/violation.js';

/** Change of the headers of a message. Its value stays the state of its publisher. */
const tricks = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ do: 'nothing' } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('junk' as const), text: awkwardTexts }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('edit' as const),
      text: almostJson(
        fc.record(
          { metadata: fc.object(), status: fc.object(), targets: fc.array(fc.array(fc.anything())) },
          { requiredKeys: [] },
        ),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('truncate' as const), length: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'replay' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'other key' } as const) },
  { weight: 1, arbitrary: fc.constant({ do: 'no digest' } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wrong digest' as const), text: awkwardTexts }) },
);

const names = fc.constantFrom('p', 'q', 'r');
const targetStates = fc.constantFrom(...(Object.keys(states) as (keyof typeof states)[]));

const steps = fc.record({
  key: fc.constantFrom('a', 'b'),
  change: fc.oneof(
    { weight: 6, arbitrary: fc.record({ name: names, state: targetStates, raw: fc.constant(null) }) },
    {
      weight: 1,
      arbitrary: fc.record({ name: fc.constant(null), state: fc.constant(null), raw: hostileSessions }),
    },
  ),
  trick: tricks,
  /** Whether the key is quiet afterwards, so that its digest is compared. */
  rests: fc.boolean(),
});

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

/** Headers of messages whose value is the complete state: forged, damaged, replayed, or of another key. */
export const bucketDeltas = defineSurface({
  name: 'bucket-deltas',
  share: 50,
  arbitrary: fc.array(steps, { minLength: 1, maxLength: 8 }),
  count: (all) => all.length,
  async check(all) {
    const clock = createManualClock();
    const bucket = createBucket(clock);
    for (const step of all) {
      bucket.write(step);
      if (step.rests) await clock.advance(QUIET_MS);
    }
    await clock.advance(QUIET_MS);
    bucket.assertHealed();
    bucket.reader.dispose();
  },
});

/** Longer than a key may be quiet before its digest is compared, which happens every 2 s. */
const QUIET_MS = 5_000;

type Headers = ReadonlyMap<string, string>;

/** A bucket of two Sessions, and a gateway that reads it. */
function createBucket(clock: ManualClock) {
  const store = createSessionStore();
  const sessions = new Map<string, Session>();
  const revisions = new Map<string, number>();
  const messages = new Map<string, StreamMessage>();
  const earlier: Headers[] = [];
  let revision = 0;
  const reader: BucketReader = createBucketReader(
    { log: 'fuzz', presenceMs: 1e9, maxAgeMs: 0 },
    {
      clock,
      retainMs: 1e9,
      push: (change) => {
        if (change.type === 'upsert') store.apply({ type: 'upsert', session: change.session });
      },
      onMismatch(key) {
        const entry = newest(key);
        if (entry) reader.heal(entry);
      },
    },
  );
  reader.begin(false);
  reader.presenceCaughtUp();
  reader.sessionsCaughtUp();

  return {
    reader,
    write({ key, change, trick }: Step): void {
      const before = sessions.get(key);
      const after = nextState(key, before, change);
      if (after === null) return;
      const previous = revisions.get(key) ?? 0;
      revision += 1;
      const honest =
        (before && encodeDeltaHeaders(before, after, { base: previous, serial: revision })) ?? new Map();
      const headers = play(trick, honest, { previous, digest: digestOf(after), earlier });
      earlier.push(honest);
      const envelope = {
        publisher: 'fuzz',
        serial: revision,
        previous,
        connection: 'live',
        error: null,
        session: after,
      } as const;
      const message: StreamMessage = {
        subject: `$KV.fuzz.${key}.Tiltfile`,
        seq: revision,
        writtenAt: clock.now(),
        ageMs: 0,
        headers: { get: (name) => headers.get(name) ?? '', has: (name) => headers.has(name) },
        data: Buffer.from(encodeEnvelope(envelope)),
      };
      sessions.set(key, after);
      revisions.set(key, revision);
      messages.set(`${key}.Tiltfile`, message);
      const entry = decodeEntry(message, reader.newest);
      if (entry === null) throw new Violation('a message of a Session is ignored', message.subject);
      reader.take(entry);
    },
    /** Throws unless the gateway has the state of each value, whatever the headers said. */
    assertHealed(): void {
      for (const [key] of sessions) {
        const entry = reader.newest(`${key}.Tiltfile`);
        const value = newest(`${key}.Tiltfile`);
        const [held, published] = [entry, value].map((of) => {
          const envelope = envelopeOf(of ?? undefined);
          return envelope && 'session' in envelope ? envelope.session : undefined;
        });
        if (held === undefined || published === undefined || digestOf(held) !== digestOf(published)) {
          throw new Violation('a gateway keeps another state than its publisher', formatValue(held));
        }
      }
      store.assertReadable();
    },
  };

  function newest(key: string) {
    const message = messages.get(key);
    return message ? decodeEntry(message) : null;
  }
}

/** The next state of a Session; null if the change makes none. */
function nextState(key: string, before: Session | undefined, change: Step['change']): Session | null {
  const { name, state, raw } = change;
  if (name !== null) {
    const next = session(key, { p: 'ready', q: 'running', r: 'running', [name]: state });
    return before ? { ...next, spec: before.spec, metadata: before.metadata } : next;
  }
  try {
    // A publisher reads JSON, in which a list has no holes.
    const decoded = decodeSession(JSON.parse(JSON.stringify(raw)), key);
    return decoded.metadata.name === 'Tiltfile' ? decoded : null;
  } catch {
    return null;
  }
}

interface Place {
  readonly previous: number;
  /** Digest of the state in the value. */
  readonly digest: string;
  readonly earlier: readonly Headers[];
}

function play(trick: Step['trick'], honest: Headers, { previous, digest, earlier }: Place): Headers {
  const text = honest.get(HEADERS.delta) ?? '';
  const withDelta = (delta: string): Headers =>
    new Map([
      [HEADERS.delta, delta],
      [HEADERS.digest, digest],
    ]);
  const old = earlier.at(-1)?.get(HEADERS.delta) ?? '';
  switch (trick.do) {
    case 'nothing':
      return honest;
    case 'junk':
      return withDelta(trick.text);
    case 'edit':
      return withDelta(`${previous} 1 ${trick.text}`);
    case 'truncate':
      return withDelta(text.slice(0, trick.length));
    case 'replay':
      return earlier.at(-1) ?? honest;
    case 'other key':
      // A delta that was made for another state, as if it were for this one.
      return withDelta(old.replace(/^\d+/, String(previous)));
    case 'no digest':
      return new Map([[HEADERS.delta, old.replace(/^\d+/, String(previous))]]);
    case 'wrong digest':
      return new Map([
        [HEADERS.delta, text],
        [HEADERS.digest, trick.text],
      ]);
  }
}
