import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ProviderError } from '../../../src/providers/provider.js';
import { createStreamProvider } from '../../../src/providers/stdin/stdin.js';
import { describeProvider } from '../../support/provider-contract.js';
import { type ProviderWatch, startProviderWatch } from '../../support/provider-watch.js';
import { readFixture } from '../../support/recording.js';
import { type SessionJson, sessionJson } from '../../support/session-json.js';

describeProvider('stdin', {
  ids: ['stdin/a', 'stdin/b', 'stdin/c'],
  abilities: ['put', 'remove'],
  make(initial) {
    const input = new PassThrough();
    const held = new Map(initial.map(({ id, json }) => [id, json]));
    const write = (value: object) => input.write(JSON.stringify(value, null, 4));
    write({ kind: 'List', items: [...held.values()] });
    return {
      provider: createStreamProvider({ input }),
      put({ id, json }) {
        held.set(id, json);
        write(json);
      },
      remove(id) {
        const object: SessionJson | undefined = held.get(id);
        held.delete(id);
        if (object) write({ type: 'DELETED', object });
      },
      openHandles: () => input.listenerCount('data'),
      dispose: () => input.destroy(),
    };
  },
});

describe('the stdin provider', () => {
  it('reads a stream to its end, and ends with it', async () => {
    const input = new PassThrough();
    const watching = startProviderWatch(createStreamProvider({ name: 'ci', input }));
    input.end(readFixture('get-session-watch.json'));
    await ended(watching);
    expect(watching.outcome).toEqual({ error: null });
    expect([...watching.state.sessions.keys()]).toEqual(['ci/Tiltfile']);
  });

  it('reads a stream that has already ended', async () => {
    const input = new PassThrough();
    input.end();
    input.resume();
    await new Promise((resolve) => input.once('end', resolve));
    const watching = startProviderWatch(createStreamProvider({ input }));
    await ended(watching);
    expect(watching.changes).toEqual([{ type: 'snapshot', sessions: [] }]);
  });

  it('U1: reads at full speed, each value once', async () => {
    const input = new PassThrough();
    const watching = startProviderWatch(createStreamProvider({ input }));
    for (let number = 1; number <= 2_000; number += 1) {
      input.write(JSON.stringify(sessionJson({ uid: 'x', resourceVersion: String(number) })));
    }
    input.end();
    await new Promise((resolve) => input.once('end', resolve));
    await ended(watching);
    expect(watching.changes).toHaveLength(2_000);
    expect(watching.changes.at(-1)).toMatchObject({ session: { metadata: { resourceVersion: '2000' } } });
  });

  it('stays open with the error when the stream breaks, since it cannot be read a second time', async () => {
    const input = new PassThrough();
    const watching = startProviderWatch(createStreamProvider({ input }));
    input.write(JSON.stringify(sessionJson()));
    await expect.poll(() => watching.state.sessions.size).toBe(1);
    input.destroy(new Error('EIO'));
    await expect
      .poll(() => watching.changes.at(-1))
      .toEqual({ type: 'stale', error: 'the stream broke: EIO' });
    expect(watching.state.sessions.size).toBe(0);
    expect(watching.outcome).toBeNull();
    watching.abort();
    await ended(watching);
  });

  it.each([
    ['nothing else', '', 0],
    ['a Session before it', JSON.stringify(sessionJson()), 1],
  ])(
    'stays with the error when the stream ends with rubbish and has %s: its Sessions are gone',
    async (_, before, count) => {
      const input = new PassThrough();
      const watching = startProviderWatch(createStreamProvider({ input }));
      input.write(before);
      await expect.poll(() => watching.state.sessions.size).toBe(count);
      input.end('Error: no Tilt is running\n');
      await expect
        .poll(() => watching.changes.slice(-1 - count))
        .toEqual([
          ...(count > 0 ? [{ type: 'remove', id: 'stdin/Tiltfile', reason: 'the stream has ended' }] : []),
          { type: 'stale', error: expect.stringMatching(/^value \d: expected/) },
        ]);
      expect(watching.outcome).toBeNull();
      watching.abort();
      await ended(watching);
    },
  );

  it('ends with the stream when a Session followed invalid data', async () => {
    const input = new PassThrough();
    const watching = startProviderWatch(createStreamProvider({ input }));
    input.end(`rubbish\n${JSON.stringify(sessionJson())}`);
    await ended(watching);
    expect(watching.outcome).toEqual({ error: null });
  });

  it('can be watched only once', async () => {
    const input = new PassThrough();
    const provider = createStreamProvider({ input });
    const first = startProviderWatch(provider);
    const second = startProviderWatch(provider);
    await ended(second);
    expect(second.outcome?.error).toBeInstanceOf(ProviderError);
    expect(second.outcome?.error).toMatchObject({
      code: 'config',
      message: 'a stream can be read only once; start the gateway again',
    });
    first.abort();
  });

  it('stops reading when it is aborted, and leaves the stream open', async () => {
    const input = new PassThrough();
    const watching = startProviderWatch(createStreamProvider({ input }));
    watching.abort();
    await ended(watching);
    input.write('{}');
    expect(input.destroyed).toBe(false);
    expect(input.isPaused()).toBe(true);
    expect(input.readableLength).toBe(2);
  });
});

async function ended(watching: ProviderWatch): Promise<void> {
  while (watching.outcome === null) await new Promise((resolve) => setImmediate(resolve));
}
