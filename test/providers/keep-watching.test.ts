import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/lib/log.js';
import type { Change } from '../../src/model/change.js';
import { type KeepWatchingOptions, keepWatching } from '../../src/providers/keep-watching.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { ProviderError, type PushChange, type SessionProvider } from '../../src/providers/provider.js';
import { createManualClock } from '../support/manual-clock.js';
import { createRecordingSink } from '../support/recording-sink.js';
import { session } from '../support/sessions.js';

describe('keepWatching', () => {
  it('opens the source at once and applies the changes of the provider', async () => {
    const memory = createMemoryProvider('shop', [session('shop')]);
    const { sink, run } = start(memory.provider, { optional: true });
    expect(sink.events[0]).toEqual({ type: 'open', source: 'shop', optional: true });
    memory.remove('shop/Tiltfile');
    memory.end();
    await run;
    expect(sink.changes('shop')).toMatchObject([{ type: 'snapshot' }, { type: 'remove' }]);
  });

  it('U1: has applied a change when the push call returns', () => {
    const memory = createMemoryProvider('shop');
    const { sink } = start(memory.provider);
    memory.put(session('shop'));
    expect(sink.changes('shop')).toMatchObject([{ type: 'snapshot' }, { type: 'upsert' }]);
  });

  it('ignores changes that a provider pushes after its watch has failed', async () => {
    const pushes: PushChange[] = [];
    const provider: SessionProvider = {
      name: 'shop',
      async watch(push) {
        pushes.push(push);
        throw new Error('broken');
      },
    };
    const { sink, clock } = start(provider);
    await clock.advance(0);
    pushes[0]?.({ type: 'snapshot', sessions: [session('shop')] });
    expect(sink.changes('shop')).toEqual([{ type: 'stale', error: 'broken' }]);
  });

  it('aborts the watch of a provider that violates the contract', async () => {
    const signals: AbortSignal[] = [];
    const provider: SessionProvider = {
      name: 'shop',
      watch(push, signal) {
        signals.push(signal);
        push({ type: 'remove', id: 'shop/Tiltfile' });
        return new Promise(() => {});
      },
    };
    const { sink, clock } = start(provider);
    await clock.advance(0);
    expect(signals[0]?.aborted).toBe(true);
    expect(sink.source('shop').error).toContain('expected a snapshot first, got "remove"');
  });

  it('closes the source when the provider ends', async () => {
    const memory = createMemoryProvider('shop');
    memory.end();
    const { sink, run } = start(memory.provider);
    await run;
    expect(sink.events.at(-1)).toEqual({
      type: 'close',
      source: 'shop',
      reason: 'the source ended',
    });
  });

  it('marks the source STALE when the provider rejects, waits, and watches again', async () => {
    const memory = createMemoryProvider('shop', [session('shop')]);
    const { sink, clock } = start(memory.provider, { random: () => 0.5 });
    await clock.advance(0);
    memory.fail(new ProviderError('unreachable', 'the line is\n  dead'));
    await clock.advance(399);
    expect(sink.changes('shop')).toMatchObject([
      { type: 'snapshot' },
      { type: 'stale', error: 'the line is dead' },
    ]);
    await clock.advance(1);
    expect(sink.changes('shop').at(-1)).toMatchObject({ type: 'snapshot' });
    expect(sink.source('shop').stale.size).toBe(0);
  });

  it('waits longer after every failure, and starts again after two minutes of health', async () => {
    const memory = createMemoryProvider('shop');
    const { sink, clock } = start(memory.provider, { random: () => 1 });
    const failAfter = async (ms: number) => {
      await clock.advance(ms);
      memory.fail(new Error('broken'));
      await clock.advance(0);
      const before = sink.changes('shop').length;
      const from = clock.now();
      while (sink.changes('shop').length === before) await clock.advance(100);
      return clock.now() - from;
    };
    expect(await failAfter(0)).toBe(800);
    expect(await failAfter(0)).toBe(1600);
    expect(await failAfter(60_000)).toBe(3200);
    expect(await failAfter(120_000)).toBe(800);
  });

  it('waits as long as the server asks for', async () => {
    const memory = createMemoryProvider('shop');
    const { sink, clock } = start(memory.provider);
    await clock.advance(0);
    memory.fail(new ProviderError('refused', 'too many requests', 5_000));
    await clock.advance(4_999);
    expect(sink.changes('shop')).toHaveLength(2);
    await clock.advance(1);
    expect(sink.changes('shop')).toHaveLength(3);
  });

  it('ends at once when aborted while the provider is idle, and leaves the source open', async () => {
    const { sink, controller, run, clock } = start(deaf('shop'));
    await clock.advance(0);
    controller.abort();
    await run;
    expect(sink.source('shop').isOpen).toBe(true);
  });

  it('ends at once when aborted during the delay before a retry', async () => {
    const { sink, controller, run, clock } = start(failing('shop', new Error('broken')));
    await clock.advance(0);
    expect(clock.pending).toBe(1);
    controller.abort();
    await run;
    expect(clock.pending).toBe(0);
    expect(sink.source('shop').isOpen).toBe(true);
  });

  it('applies nothing after it was aborted', async () => {
    const memory = createMemoryProvider('shop');
    const { sink, controller, run, clock } = start(memory.provider);
    await clock.advance(0);
    controller.abort();
    memory.put(session('shop'));
    await run;
    expect(sink.changes('shop')).toHaveLength(1);
  });

  it('does not call the provider when already aborted', async () => {
    const { sink, run } = start(createMemoryProvider('shop').provider, { signal: AbortSignal.abort() });
    await run;
    expect(sink.changes('shop')).toEqual([]);
  });

  it('continues a source that is already open with resume', async () => {
    const memory = createMemoryProvider('shop');
    const sink = createRecordingSink();
    sink.open('shop');
    memory.end();
    await start(memory.provider, { sink, resume: true }).run;
    expect(sink.changes('shop')).toHaveLength(1);
  });

  it('reports a provider that does not start with a snapshot', async () => {
    const { sink, clock } = start(saying('shop', [{ type: 'upsert', session: session('shop') }]));
    await clock.advance(0);
    expect(sink.changes('shop')).toEqual([
      {
        type: 'stale',
        error: 'its provider violates the contract: expected a snapshot first, got "upsert"',
      },
    ]);
  });

  it('accepts a stale change before the first snapshot', async () => {
    const changes: Change[] = [
      { type: 'stale', error: 'not yet' },
      { type: 'snapshot', sessions: [] },
    ];
    const { sink, run } = start(saying('shop', changes));
    await run;
    expect(sink.changes('shop')).toEqual(changes);
  });

  it('shows an unexpected error on one short line, and logs it in full', async () => {
    const error = new TypeError(`x is not a function\n${'y'.repeat(1_000)}`);
    const { sink, clock, lines } = start(failing('shop', error));
    await clock.advance(0);
    const [stale] = sink.changes('shop');
    expect(stale).toMatchObject({ error: expect.stringMatching(/^x is not a function y{379}…$/) });
    expect(lines).toEqual([['error', expect.stringContaining('Source shop: x is not'), { error }]]);
  });

  it.each([
    ['a text', 'just a text', 'just a text'],
    ['nothing', undefined, 'undefined'],
    ['an error without a message', new RangeError(), 'RangeError'],
  ])('handles %s that is thrown', async (_, thrown, shown) => {
    const { sink, clock } = start(failing('shop', thrown));
    await clock.advance(0);
    expect(sink.changes('shop')).toEqual([{ type: 'stale', error: shown }]);
  });

  it('logs a repeated failure only once above the level debug', async () => {
    const { clock, lines } = start(failing('shop', new ProviderError('unreachable', 'no route')));
    await clock.advance(60_000);
    expect(lines.length).toBeGreaterThan(2);
    expect(lines.filter(([level]) => level !== 'debug')).toEqual([
      ['warn', 'Source shop: no route; next try in 0.4 s', { code: 'unreachable' }],
    ]);
  });

  it('treats an error of the sink as a failure, and does not reject', async () => {
    const recording = createRecordingSink();
    let isFaulty = true;
    const sink = {
      ...recording,
      apply(source: string, change: Change) {
        if (isFaulty && change.type === 'snapshot') throw new Error('the store is at fault');
        recording.apply(source, change);
      },
    };
    const { clock } = start(createMemoryProvider('shop').provider, { sink });
    await clock.advance(0);
    expect(recording.source('shop').error).toBe('the store is at fault');
    isFaulty = false;
    await clock.advance(800);
    expect(recording.source('shop')).toMatchObject({ isSynced: true, error: null });
  });

  it('logs a name that is in use, and does not reject', async () => {
    const sink = createRecordingSink();
    sink.open('shop');
    const { run, lines } = start(createMemoryProvider('shop').provider, { sink });
    await run;
    expect(lines).toMatchObject([['error', expect.stringContaining('shop'), { error: expect.any(Error) }]]);
  });
});

function start(provider: SessionProvider, given: Partial<KeepWatchingOptions> = {}) {
  const sink = createRecordingSink();
  const clock = createManualClock();
  const controller = new AbortController();
  const lines: Parameters<Log>[] = [];
  const log: Log = (...line) => lines.push(line);
  const { signal } = controller;
  const run = keepWatching({ provider, sink, clock, random: () => 0.5, log, signal, ...given });
  return { sink, clock, controller, lines, run };
}

function saying(name: string, changes: readonly Change[]): SessionProvider {
  return {
    name,
    async watch(push) {
      changes.forEach(push);
    },
  };
}

function failing(name: string, error: unknown): SessionProvider {
  return {
    name,
    watch() {
      throw error;
    },
  };
}

/** Pushes nothing and ignores its signal. */
function deaf(name: string): SessionProvider {
  return { name, watch: () => new Promise(() => {}) };
}
