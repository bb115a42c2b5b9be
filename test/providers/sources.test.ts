import { describe, expect, it } from 'vitest';
import { silentLog } from '../../src/lib/log.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { ProviderError } from '../../src/providers/provider.js';
import { createSources } from '../../src/providers/sources.js';
import { createManualClock } from '../support/manual-clock.js';
import { createRecordingSink } from '../support/recording-sink.js';
import { session } from '../support/sessions.js';

describe('createSources', () => {
  it('watches each source that is added', async () => {
    const { sink, sources } = start();
    sources.add(createMemoryProvider('a', [session('a')]).provider);
    sources.add(createMemoryProvider('b').provider, { optional: true });
    await sink.until(() => sink.source('a').isSynced && sink.source('b').isSynced);
    expect(sink.events.filter(({ type }) => type === 'open')).toEqual([
      { type: 'open', source: 'a', optional: false },
      { type: 'open', source: 'b', optional: true },
    ]);
    await sources.close();
  });

  it('rejects a name that is in use, with a hint how to choose another', async () => {
    const { sources } = start();
    sources.add(createMemoryProvider('demo').provider);
    const again = () => sources.add(createMemoryProvider('demo').provider);
    expect(again).toThrow(ProviderError);
    expect(again).toThrow(/^Two sources have the name "demo": .*NAME=SPEC/);
    await sources.close();
  });

  it('removes a source, which then ends for the given reason', async () => {
    const { sink, sources } = start();
    const memory = createMemoryProvider('a', [session('a')]);
    sources.add(memory.provider);
    await sink.until(() => sink.source('a').isSynced);
    sources.remove('a', 'it has left');
    memory.put(session('a'));
    await sources.close();
    expect(sink.events.at(-1)).toEqual({ type: 'close', source: 'a', reason: 'it has left' });
  });

  it('ignores the removal of an unknown source', () => {
    const { sink, sources } = start();
    sources.remove('a', 'it has left');
    expect(sink.events).toEqual([]);
  });

  it('accepts a name again after its source was removed', async () => {
    const { sink, sources } = start();
    sources.add(createMemoryProvider('a').provider);
    sources.remove('a', 'it has left');
    sources.add(createMemoryProvider('a', [session('a')]).provider);
    await sink.until(() => sink.source('a').sessions.size === 1);
    await sources.close();
  });

  it('accepts a name again after its source has ended', async () => {
    const { sink, sources } = start();
    const memory = createMemoryProvider('a');
    sources.add(memory.provider);
    memory.end();
    await sink.until(() => !sink.source('a').isOpen);
    sources.add(createMemoryProvider('a', [session('a')]).provider);
    await sink.until(() => sink.source('a').sessions.size === 1);
    await sources.close();
  });

  it('replaces a source, whose Sessions are never GONE', async () => {
    const { sink, sources } = start();
    const old = createMemoryProvider('a', [session('a')]);
    sources.add(old.provider);
    await sink.until(() => sink.source('a').isSynced);
    const next = createMemoryProvider('a', [session('a', { 'api:serve': 'ready' })]);
    sources.replace(next.provider);
    old.put(session('a', { 'old:serve': 'ready' }));
    await sources.close();
    expect(sink.changes('a')).toEqual([
      expect.objectContaining({ type: 'snapshot' }),
      { type: 'stale', error: 'its source restarted' },
      expect.objectContaining({ type: 'snapshot' }),
    ]);
    expect(sink.events.some(({ type }) => type === 'close')).toBe(false);
  });

  it('replaces a source at once, even during the delay before a retry', async () => {
    const { sink, sources, clock } = start();
    const old = createMemoryProvider('a');
    sources.add(old.provider);
    await clock.advance(0);
    old.fail(new Error('broken'));
    await clock.advance(0);
    expect(sink.source('a').error).toBe('broken');
    sources.replace(createMemoryProvider('a').provider);
    await sink.until(() => sink.source('a').error === null);
    expect(clock.pending).toBe(0);
    await sources.close();
  });

  it('adds an unknown source on replace', async () => {
    const { sink, sources } = start();
    sources.replace(createMemoryProvider('a').provider, { optional: true });
    await sink.until(() => sink.source('a').isSynced);
    expect(sink.events[0]).toEqual({ type: 'open', source: 'a', optional: true });
    await sources.close();
  });

  it('opens a source again that is replaced in the tick in which it ends', async () => {
    const recording = createRecordingSink();
    const { sources } = start({
      ...recording,
      close(name, reason) {
        recording.close(name, reason);
        sources.replace(createMemoryProvider('a', [session('a')]).provider);
      },
    });
    const old = createMemoryProvider('a');
    sources.add(old.provider);
    old.end();
    await recording.until(() => recording.source('a').sessions.size === 1);
    await sources.close();
  });

  it('stops every source when closed, also when called twice, and leaves their state in the sink', async () => {
    const { sink, sources, clock } = start();
    const memory = createMemoryProvider('a', [session('a')]);
    sources.add(memory.provider);
    await sink.until(() => sink.source('a').isSynced);
    await Promise.all([sources.close(), sources.close()]);
    memory.put(session('a', { 'api:serve': 'ready' }));
    sources.add(createMemoryProvider('b').provider);
    sources.replace(createMemoryProvider('a').provider);
    await clock.advance(60_000);
    expect(sink.events).toHaveLength(2);
    expect(sink.source('a')).toMatchObject({ isOpen: true, error: null });
    expect(clock.pending).toBe(0);
  });
});

function start(sink = createRecordingSink()) {
  const clock = createManualClock();
  return { sink, clock, sources: createSources({ sink, clock, random: () => 0.5, log: silentLog }) };
}
