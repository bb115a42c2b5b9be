import fc from 'fast-check';
import { anyCuts, hostileBytes } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import { encodeFrame, type Frame } from '../gateway/frames.js';
import { openWebSocket } from '../gateway/websocket-client.js';
import { defineSurface } from '../harness/surface.js';

/** Bytes sent over a WebSocket after the upgrade. */
interface Wire {
  readonly bytes: Buffer;
  readonly frames: number;
  readonly cuts: readonly number[];
}

const PAYLOADS: readonly string[] = [
  '',
  '{"type":"connection_init"}',
  '{"type":"ping"}',
  '{"id":"1","type":"subscribe","payload":{"query":"{ __typename }"}}',
  '{"id":"2","type":"subscribe","payload":{"query":"subscription { sessionChanges { cursor } }"}}',
  '{"id":"2","type":"complete"}',
  '{"type":"pi',
  'ng"}',
  'a'.repeat(125),
  'a'.repeat(126),
  'a'.repeat(65_536),
  '\x03\xe8',
  '\x03',
  '\x03\xedreserved',
  '\x0f\xa1goodbye',
  '\x00\x00',
  '\x03\xe8\xff\xfe',
];

const frames: fc.Arbitrary<Frame> = fc.record({
  fin: mostly(true, false),
  rsv: mostly(0, 4, 2, 1, 7),
  opcode: fc.constantFrom(1, 1, 1, 1, 0, 0, 2, 8, 9, 10, 3, 7, 11, 15),
  isMasked: mostly(true, false),
  lengthBytes: mostly<Frame['lengthBytes']>('shortest', 2, 8),
  lengthError: mostly(0, -1, 1, 1_000, 65_536, 1_000_001, 2 ** 31, 2 ** 53),
  payload: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...PAYLOADS).map((text) => Buffer.from(text, 'latin1')) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 130 }) },
  ),
});

function mostly<T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
}

const wires: fc.Arbitrary<Wire> = fc.array(frames, { minLength: 1, maxLength: 8 }).chain((all) =>
  fc.record({
    bytes: hostileBytes(fc.constant(Buffer.concat(all.map(encodeFrame)))),
    frames: fc.constant(all.length),
    cuts: anyCuts,
  }),
);

/**
 * WebSocket frames with wrong masks, lengths, opcodes or fragmentation, interleaved control frames, and
 * invalid bytes.
 */
export const websocketFrames = defineSurface({
  name: 'websocket-frames',
  share: 50,
  arbitrary: wires,
  count: (wire) => wire.frames,
  check: ({ bytes, cuts }, gateways) =>
    feed(gateways, async ({ port }) => {
      const client = await openWebSocket(port, { mayClose: true });
      try {
        await client.connection.send(bytes, cuts);
        await client.settle(true);
      } finally {
        client.connection.destroy();
      }
    }),
});
