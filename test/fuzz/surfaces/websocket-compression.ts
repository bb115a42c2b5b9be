import fc from 'fast-check';
import { anyCuts, hostileBytes } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import { createFrame, deflateMessage, encodeFrame, type Frame, OPCODES } from '../gateway/frames.js';
import { openWebSocket } from '../gateway/websocket-client.js';
import { defineSurface } from '../harness/surface.js';

/** RSV1, which marks a compressed message (RFC 7692, section 6). */
const COMPRESSED = 4;

const QUERY = '{ sessions { nodes { id status { targets { name phase type resources } } } } }';

const TEXTS: readonly string[] = [
  '{"type":"connection_init"}',
  '{"type":"connection_init"}',
  '{"type":"ping"}',
  JSON.stringify({ id: '1', type: 'subscribe', payload: { query: QUERY } }),
  JSON.stringify({ id: '2', type: 'subscribe', payload: { query: `subscription ${QUERY}` } }),
  '{"id":"3","type":"subscribe","payload":{"query":"subscription { sessionChanges { cursor } }"}}',
  '{"id":"2","type":"complete"}',
  '',
];

/** Messages that decompress to 2 MB, above the limit, and to 0.9 MB, below it. */
const BOMBS: readonly Buffer[] = [2_000_000, 900_000].map((length) =>
  deflateMessage(Buffer.alloc(length, ' ')),
);

const payloads: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...TEXTS).map((text) => deflateMessage(Buffer.from(text))) },
  // Truncated, changed and repeated bytes.
  {
    weight: 4,
    arbitrary: hostileBytes(fc.constantFrom(...TEXTS).map((text) => deflateMessage(Buffer.from(text)))),
  },
  // Refers to the previous message, although context takeover was declined.
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...TEXTS), fc.constantFrom(...TEXTS))
      .map(([text, before]) => deflateMessage(Buffer.from(text), Buffer.from(before))),
  },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.constantFrom(...BOMBS) },
);

/** A control frame that is marked as compressed, which is not allowed. */
const controlFrames: fc.Arbitrary<readonly Frame[]> = fc
  .tuple(fc.constantFrom(OPCODES.ping, OPCODES.pong, OPCODES.close), fc.constantFrom('', '\x03\xe8'))
  .map(([opcode, text]) => [
    { ...createFrame(opcode, deflateMessage(Buffer.from(text, 'latin1'))), rsv: COMPRESSED },
  ]);

/**
 * A compressed message in one frame or in two, which may be uncompressed or have the mark at the wrong place.
 */
const messages: fc.Arbitrary<readonly Frame[]> = fc
  .record({
    payload: payloads,
    rsv: fc.constantFrom(COMPRESSED, COMPRESSED, COMPRESSED, COMPRESSED, 0, 6),
    secondRsv: fc.constantFrom(0, 0, 0, COMPRESSED),
    cut: fc.option(fc.nat({ max: 100 })),
  })
  .map(({ payload, rsv, secondRsv, cut }) => {
    if (cut === null) return [{ ...createFrame(OPCODES.text, payload), rsv }];
    return [
      { ...createFrame(OPCODES.text, payload.subarray(0, cut)), rsv, fin: false },
      { ...createFrame(OPCODES.continuation, payload.subarray(cut)), rsv: secondRsv },
    ];
  });

/**
 * Compressed messages of a client that are junk, truncated, fragmented or far larger than they look, that
 * refer to other messages, or that are control frames.
 */
export const websocketCompression = defineSurface({
  name: 'websocket-compression',
  share: 20,
  arbitrary: fc.record({
    all: fc.array(fc.oneof({ weight: 20, arbitrary: messages }, { weight: 1, arbitrary: controlFrames }), {
      minLength: 1,
      maxLength: 8,
    }),
    cuts: anyCuts,
  }),
  count: ({ all }) => all.length,
  check: ({ all, cuts }, gateways) =>
    feed(gateways, async ({ port }) => {
      const client = await openWebSocket(port, { isCompressed: true });
      try {
        await client.connection.send(Buffer.concat(all.flat().map(encodeFrame)), cuts);
        await client.settle(true);
      } finally {
        client.connection.destroy();
      }
    }),
});
