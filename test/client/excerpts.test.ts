import { describe, expect, it } from 'vitest';
import type { Client, TargetFields, TargetsView } from '../../src/client/client.js';
import { type Excerpt, readExcerpts } from '../../src/client/excerpts.js';
import { type DisposableClient, openDisposableClient } from '../support/disposable-client.js';
import { excerptFields } from '../support/excerpts.js';
import { createManualClock } from '../support/manual-clock.js';
import { acknowledge, answerWith, type Script, startScriptedGateway } from '../support/scripted-gateway.js';
import { targetFields } from '../support/target-fields.js';

const UNIT = targetFields('unit:update', 'FAILED');
const FIRST = excerptFields(['FAIL adds numbers'], { isFinal: false });
const FINAL = excerptFields(['FAIL adds numbers', 'expected 4, got 5']);

/** Payload with the excerpt of {@link UNIT}. */
function payload(excerpt: Excerpt | null, state: object = {}): object {
  const lines = excerpt?.lines.map(({ level, text }) => ({ level, styledText: `\u001b[1m${text}\u001b[0m` }));
  const target = { ...UNIT, state: { ...UNIT.state, ...state, excerpt: excerpt && { ...excerpt, lines } } };
  const changes = [{ type: 'ADDED', target, previous: null, previousPhase: null }];
  const targetChanges = { cursor: 'c-1', reset: true, conflated: 0, session: null, changes };
  return { type: 'next', payload: { data: { targetChanges } } };
}

/** Starts to read the excerpts of targets from a gateway with this script. */
async function startReading(
  onMessage: Script['onMessage'] & {},
  {
    targets = [UNIT],
    signal,
  }: { readonly targets?: readonly TargetFields[]; readonly signal?: AbortSignal } = {},
) {
  const gateway = await startScriptedGateway({ onMessage });
  const client = openDisposableClient({ url: gateway.url });
  const clock = createManualClock();
  const { watchTargets, seen } = createCounted(client);
  const reading = readExcerpts(
    { watchTargets },
    { session: 'tilt-default/Tiltfile', targets, clock, signal },
  );
  return {
    gateway,
    clock,
    reading,
    /** Waits until a number of views has been read. */
    untilRead: (count: number) => expect.poll(() => seen.count).toBe(count),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
    },
  };
}

/** Counts the views that were read, after each of them was handled. */
function createCounted(client: DisposableClient) {
  const seen = { count: 0 };
  const watchTargets: Client['watchTargets'] = (options) => count(client.watchTargets(options));
  return { seen, watchTargets };

  async function* count(views: AsyncIterable<TargetsView>): AsyncGenerator<TargetsView> {
    for await (const view of views) {
      yield view;
      seen.count += 1;
    }
  }
}

describe('excerpts of failed targets', () => {
  it('a final excerpt is returned at once, and the subscription ends', async () => {
    await using test = await startReading(answerWith(payload(FINAL)));
    expect(await test.reading).toEqual(new Map([['unit:update', FINAL]]));
    expect(test.clock.pending).toBe(0);
    await expect.poll(() => test.gateway.sockets.size).toBe(0);
  });

  it('an excerpt that is not final is returned when its last lines have arrived', async () => {
    await using test = await startReading(answerWith(payload(FIRST), payload(FINAL)));
    expect(await test.reading).toEqual(new Map([['unit:update', FINAL]]));
  });

  it('an excerpt that does not become final is returned after one second', async () => {
    await using test = await startReading(answerWith(payload(FIRST)));
    await test.untilRead(1);
    let isOver = false;
    void test.reading.then(() => {
      isOver = true;
    });
    await test.clock.advance(999);
    expect(isOver).toBe(false);
    await test.clock.advance(1);
    expect(await test.reading).toEqual(new Map([['unit:update', FIRST]]));
    expect(test.clock.pending).toBe(0);
  });

  it('a call without logs does not wait', async () => {
    await using test = await startReading(answerWith(payload(null)));
    expect(await test.reading).toEqual(new Map());
    expect(test.clock.pending).toBe(0);
  });

  it('a call for targets that did not fail requests nothing', async () => {
    const targets = [targetFields('api:serve', 'RUNNING'), targetFields('lint:update', 'SUCCEEDED')];
    await using test = await startReading(answerWith(payload(FINAL)), { targets });
    expect(await test.reading).toEqual(new Map());
    expect(test.gateway.received).toEqual([]);
  });

  it('the excerpt of another run of a target is left out', async () => {
    const otherRun = { startTime: '2026-11-22T11:30:00.000000Z' };
    await using test = await startReading(answerWith(payload(FINAL, otherRun)));
    expect(await test.reading).toEqual(new Map());
  });

  it.each([
    ['rejects the field', { type: 'error', payload: [{ message: 'Cannot query field "excerpt".' }] }],
    ['sends another payload', { type: 'next', payload: { data: { other: true } } }],
    ['ends the subscription', { type: 'complete' }],
  ])('there are no excerpts of a gateway that %s', async (_, message) => {
    await using test = await startReading(answerWith(message));
    expect(await test.reading).toEqual(new Map());
    expect(test.clock.pending).toBe(0);
  });

  it('there are no excerpts of a gateway that does not answer within five seconds', async () => {
    await using test = await startReading(acknowledge);
    await test.clock.advance(5_000);
    expect(await test.reading).toEqual(new Map());
  });

  it('an abort ends the call with the excerpts so far', async () => {
    const controller = new AbortController();
    await using test = await startReading(answerWith(payload(FIRST)), { signal: controller.signal });
    await test.untilRead(1);
    controller.abort();
    expect(await test.reading).toEqual(new Map([['unit:update', FIRST]]));
    expect(test.clock.pending).toBe(0);
  });
});
