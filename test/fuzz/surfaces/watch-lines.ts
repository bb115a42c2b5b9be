import { deepStrictEqual } from 'node:assert';
import fc from 'fast-check';
import type { Change } from '../../../src/model/change.js';
import {
  readObjectList,
  readWatchEvent,
  type WatchEvent,
} from '../../../src/providers/kubernetes/list-watch.js';
import { createWatchReader } from '../../../src/providers/kubernetes/watch-reader.js';
import { createWatchState } from '../../../src/providers/kubernetes/watch-state.js';
import { ProviderError } from '../../../src/providers/provider.js';
import { createSessionReader } from '../../../src/providers/stdin/session-reader.js';
import { createLineReader } from '../../../src/providers/tilt/follow-watch.js';
import { hostileFacts } from '../arbitraries/facts.js';
import {
  almostJson,
  applyEdits,
  bracketBombs,
  deeplyNested,
  hostileValues,
  jsonEdits,
} from '../arbitraries/json.js';
import { hostileSessions } from '../arbitraries/sessions.js';
import { awkwardTexts, hostileBytes, hostileTexts } from '../arbitraries/texts.js';
import { assertErrorMessage, createSessionStore } from '../harness/session-store.js';
import { defineSurface } from '../harness/surface.js';

const TYPES = ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'];

const events: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom(...TYPES), object: hostileSessions }) },
  { weight: 1, arbitrary: fc.record({ type: awkwardTexts, object: hostileSessions }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('ERROR'),
      object: fc.record({ code: hostileValues, message: hostileTexts, reason: hostileValues }),
    }),
  },
  { weight: 1, arbitrary: hostileSessions },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom(...TYPES), object: hostileFacts }) },
  { weight: 2, arbitrary: hostileFacts },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('List', 'UIResourceList', 'ClusterList', 'SessionList'),
      items: fc.array(fc.oneof(hostileFacts, hostileSessions), { maxLength: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('SessionList'),
      items: fc.array(hostileSessions, { maxLength: 2 }),
    }),
  },
);

const lines: fc.Arbitrary<string> = fc.oneof(
  { weight: 60, arbitrary: events.map((event) => JSON.stringify(event) ?? '') },
  { weight: 20, arbitrary: almostJson(events) },
  { weight: 1, arbitrary: deeplyNested(events) },
  { weight: 5, arbitrary: fc.oneof(bracketBombs, hostileTexts) },
);

const streams: fc.Arbitrary<Buffer> = hostileBytes(
  fc
    .array(fc.tuple(lines, fc.constantFrom('\n', '\n', '\n', '\n', '\r\n', '\n\n', '', ' ')), {
      minLength: 1,
      maxLength: 10,
    })
    .map((all) => Buffer.from(all.map(([line, end]) => line + end).join(''))),
);

const lists: fc.Arbitrary<string> = almostJson(
  fc
    .tuple(fc.array(hostileSessions, { maxLength: 3 }), jsonEdits)
    .map(([items, edits]) =>
      applyEdits(
        { kind: 'SessionList', apiVersion: 'tilt.dev/v1alpha1', metadata: { resourceVersion: '9' }, items },
        edits,
      ),
    ),
);

/** Maximum line length of a watch in bytes. It is small so that inputs exceed it. */
const MAX_LINE = 100_000;

/**
 * Maximum compared line length in bytes. A longer line may be nested too deeply for the stack of the
 * comparison.
 */
const MAX_COMPARED = 4_000;

/** Bytes of a watch before and after a list, and of a stream on standard input. */
export const watchLines = defineSurface({
  name: 'watch-lines',
  share: 220,
  arbitrary: fc.record({
    before: streams,
    list: fc.option(lists),
    after: fc.option(streams),
    cut: fc.nat(5_000),
  }),
  count: ({ before, list, after }) => linesIn(before) + (list === null ? 0 : 1) + linesIn(after),
  check({ before, list, after, cut }) {
    readWatch(before, list, after, cut);
    readStream(Buffer.concat([before, after ?? Buffer.alloc(0)]), cut);
  },
});

function linesIn(bytes: Buffer | null): number {
  return bytes === null ? 0 : bytes.toString('latin1').split('\n').length;
}

function readWatch(before: Buffer, list: string | null, after: Buffer | null, cut: number): void {
  const store = createSessionStore();
  const state = createWatchState('fuzz');
  const apply = (changes: readonly Change[]) => changes.forEach(store.apply);
  const read = createWatchReader('fuzz');
  const reader = createLineReader(MAX_LINE, {
    line(line) {
      const event = read(line);
      // State kept from earlier lines must not affect the result.
      if (line.length <= MAX_COMPARED) deepStrictEqual(withoutReuse(event), readWatchEvent(line, 'fuzz'));
      apply(state.event(event));
    },
    overlong: () => apply(state.event({ type: 'unreadable', error: 'a line of the watch: too long' })),
  });
  apply([{ type: 'snapshot', sessions: [] }]);
  feed(reader.push, before, cut);
  if (list !== null) readList(list);
  if (after !== null) feed(reader.push, after, cut);
  store.assertReadable();

  function readList(text: string): void {
    try {
      const read = readObjectList(text, 'https://127.0.0.1:1/apis', 'SessionList');
      state.isBehind(read);
      state.clearsStale(read);
      apply(state.list(read));
    } catch (error) {
      assertErrorMessage(error, ProviderError);
    }
  }
}

function withoutReuse(event: WatchEvent): WatchEvent {
  if (event.type !== 'put') return event;
  const { identity, session } = event.object;
  return { type: 'put', object: { identity, session } };
}

function readStream(bytes: Buffer, cut: number): void {
  const store = createSessionStore();
  const reader = createSessionReader('fuzz');
  feed((chunk) => reader.push(chunk).forEach(store.apply), bytes, cut);
  reader.end().forEach(store.apply);
  store.assertReadable();
}

/** Pushes bytes in two pieces. */
function feed(push: (chunk: Uint8Array) => void, bytes: Buffer, cut: number): void {
  const place = cut % (bytes.length + 1);
  push(bytes.subarray(0, place));
  push(bytes.subarray(place));
}
