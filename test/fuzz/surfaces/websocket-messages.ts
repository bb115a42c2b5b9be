import fc from 'fast-check';
import { hostileDocuments, hostileSubscriptions } from '../arbitraries/documents.js';
import {
  almostJson,
  applyEdits,
  bracketBombs,
  deeplyNested,
  hostileValues,
  jsonEdits,
} from '../arbitraries/json.js';
import { requestsWith } from '../arbitraries/requests.js';
import { awkwardTexts, hostileBytes, hostileTexts } from '../arbitraries/texts.js';
import { feed } from '../gateway/feed.js';
import { createFrame, encodeFrame, OPCODES } from '../gateway/frames.js';
import { openWebSocket } from '../gateway/websocket-client.js';
import { defineSurface } from '../harness/surface.js';

/** Messages of a client on one connection. */
interface Conversation {
  readonly sendsInit: boolean;
  readonly messages: readonly Message[];
}

interface Message {
  readonly opcode: 1 | 2;
  readonly payload: Buffer;
}

const ids = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('1', '2', '3') },
  { weight: 1, arbitrary: hostileTexts },
);

const subscribes = fc.record({
  id: ids,
  type: fc.constant('subscribe'),
  payload: requestsWith(fc.oneof(hostileSubscriptions, hostileDocuments)),
});

const others: fc.Arbitrary<object> = fc.oneof(
  fc.record({ id: ids, type: fc.constant('complete') }),
  fc.record({ type: fc.constantFrom('ping', 'pong'), payload: hostileValues }),
  fc.record({
    type: fc.constant('ping'),
    payload: fc.dictionary(awkwardTexts, hostileValues, { maxKeys: 3 }),
  }),
  fc.record({ type: fc.constant('connection_init'), payload: hostileValues }),
  fc.record({
    id: ids,
    type: fc.oneof(fc.constantFrom('next', 'error', 'connection_ack', 'start', 'stop'), awkwardTexts),
    payload: hostileValues,
  }),
);

const texts: fc.Arbitrary<string> = fc.oneof(
  { weight: 80, arbitrary: subscribes.map((message) => JSON.stringify(message)) },
  { weight: 40, arbitrary: others.map((message) => JSON.stringify(message)) },
  {
    weight: 10,
    arbitrary: fc
      .tuple(subscribes, jsonEdits)
      .map(([message, edits]) => JSON.stringify(applyEdits(message, edits)) ?? ''),
  },
  { weight: 10, arbitrary: almostJson(fc.oneof(subscribes, others)) },
  { weight: 3, arbitrary: deeplyNested(fc.oneof(subscribes, others)) },
  { weight: 3, arbitrary: bracketBombs.map((bomb) => `{"type":"ping","payload":{"a":${bomb}}}`) },
  { weight: 4, arbitrary: fc.oneof(hostileTexts, bracketBombs) },
);

const messages: fc.Arbitrary<Message> = fc.record({
  opcode: fc.constantFrom(OPCODES.text, OPCODES.text, OPCODES.text, OPCODES.binary),
  payload: fc.oneof(
    { weight: 9, arbitrary: texts.map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: hostileBytes(texts.map((text) => Buffer.from(text))) },
  ),
});

/**
 * Messages of graphql-transport-ws: in the wrong order or shape, with invalid JSON, or with hostile
 * operations.
 */
export const websocketMessages = defineSurface({
  name: 'websocket-messages',
  share: 80,
  arbitrary: fc.record<Conversation>({
    sendsInit: fc.oneof(
      { weight: 9, arbitrary: fc.constant(true) },
      { weight: 1, arbitrary: fc.constant(false) },
    ),
    messages: fc.array(messages, { minLength: 1, maxLength: 16 }),
  }),
  count: (conversation) => conversation.messages.length,
  check: ({ sendsInit, messages: all }, gateways) =>
    feed(gateways, async ({ port }) => {
      const client = await openWebSocket(port);
      try {
        const first = sendsInit ? [encode({ opcode: OPCODES.text, payload: INIT })] : [];
        await client.connection.send(Buffer.concat([...first, ...all.map(encode)]));
        await client.settle();
      } finally {
        client.connection.destroy();
      }
    }),
});

const INIT = Buffer.from('{"type":"connection_init"}');

function encode({ opcode, payload }: Message): Buffer {
  return encodeFrame(createFrame(opcode, payload));
}
