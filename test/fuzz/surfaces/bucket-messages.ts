import fc from 'fast-check';
import { DecodeError } from '../../../src/model/decode.js';
import { compress, decodeEnvelope, decompress, encodeEnvelope } from '../../../src/nats/message-format.js';
import { hostileFacts } from '../arbitraries/facts.js';
import { almostJson, deeplyNested, hostileValues } from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { hostileBytes } from '../arbitraries/texts.js';
import { assertErrorMessage, createSessionStore } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';
import { Violation } from '../harness/violation.js';

const facts = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record(
      { resources: fc.array(hostileFacts, { maxLength: 4 }), cluster: hostileFacts },
      { requiredKeys: [] },
    ),
  },
  { weight: 1, arbitrary: hostileValues },
);

const messages = fc.record(
  {
    version: fc.constant(1),
    publisher: fc.constant('fuzz'),
    serial: fc.nat(),
    previous: fc.nat(),
    link: fc.constantFrom('live', 'stale', 'gone'),
    error: fc.constantFrom(null, 'a reason'),
    session: hostileSessions,
    facts,
  },
  { requiredKeys: ['version', 'publisher', 'serial', 'previous', 'link', 'error', 'session'] },
);

const texts = fc.oneof(
  { weight: 8, arbitrary: messages.map((message) => JSON.stringify(message)) },
  { weight: 3, arbitrary: almostJson(messages) },
  { weight: 1, arbitrary: deeplyNested(messages) },
);

const values = fc.oneof(
  { weight: 8, arbitrary: texts.map((text) => compress(text)) },
  { weight: 2, arbitrary: hostileBytes(texts.map((text) => Buffer.from(text))) },
);

/** Values of the keys in a NATS bucket. */
export const bucketMessages = defineSurface({
  name: 'bucket-messages',
  share: 100,
  arbitrary: fc.array(values, { minLength: 1, maxLength: 6 }),
  count: (all) => all.length,
  check(all) {
    const store = createSessionStore();
    for (const value of all) read(value, store);
    store.assertReadable();
  },
});

function read(value: Uint8Array, store: ReturnType<typeof createSessionStore>): void {
  try {
    const envelope = decodeEnvelope(decompress(value), 'fuzz');
    store.apply({ type: 'upsert', session: envelope.session });
    const again = encodeEnvelope(decodeEnvelope(encodeEnvelope(envelope), 'fuzz'));
    if (again !== encodeEnvelope(envelope))
      throw new Violation('a message changes when it is published again', again);
  } catch (error) {
    if (error instanceof Violation) throw error;
    assertErrorMessage(error, DecodeError);
  }
}
