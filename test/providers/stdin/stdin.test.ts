import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import { ProviderError } from '../../../src/providers/provider.js';
import { createSessionReader, createStreamProvider } from '../../../src/providers/stdin/stdin.js';
import { describeProvider } from '../../support/provider-contract.js';
import { type ProviderWatch, startProviderWatch } from '../../support/provider-watch.js';
import { readFixture } from '../../support/recording.js';
import { brokenSessionJson, type SessionJson, sessionJson } from '../../support/session-json.js';

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

describe('createSessionReader', () => {
  it('reads the output of tilt get session -w -o json', () => {
    const changes = read(readFixture('get-session-watch.json'));
    // The second of its three values repeats the version of the first and is dropped.
    expect(changes).toMatchObject([
      { type: 'snapshot', sessions: [{ id: 'stdin/Tiltfile' }] },
      { type: 'upsert', session: { id: 'stdin/Tiltfile' } },
    ]);
  });

  it('returns a snapshot with the first Session, and an upsert with each later one', () => {
    const changes = read(
      ...['1', '2', '3'].map((resourceVersion) => sessionJson({ uid: 'x', resourceVersion })),
    );
    expect(changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert', 'upsert']);
  });

  it.each(['List', 'SessionList'])('treats a %s as the complete list of Sessions', (kind) => {
    const list = (...names: string[]) => ({ kind, items: names.map((name) => sessionJson({ name })) });
    const changes = read(list('a', 'b'), list('b'), { kind, items: null });
    expect(changes).toMatchObject([
      { type: 'snapshot', sessions: [{ id: 'stdin/a' }, { id: 'stdin/b' }] },
      { type: 'snapshot', sessions: [{ id: 'stdin/b' }] },
      { type: 'snapshot', sessions: [] },
    ]);
  });

  it('reads watch events', () => {
    const object = sessionJson({ uid: 'x', resourceVersion: '1' });
    const newer = sessionJson({ uid: 'x', resourceVersion: '2' });
    const changes = read(
      { type: 'ADDED', object },
      { type: 'MODIFIED', object: newer },
      { type: 'BOOKMARK', object: { metadata: { resourceVersion: '7' } } },
      { type: 'DELETED', object: newer },
    );
    expect(changes).toMatchObject([
      { type: 'snapshot' },
      { type: 'upsert' },
      { type: 'remove', id: 'stdin/Tiltfile' },
    ]);
  });

  it('drops a version that arrives late', () => {
    const versions = ['5', '7', '6'].map((resourceVersion) => sessionJson({ uid: 'x', resourceVersion }));
    expect(read(...versions)).toMatchObject([
      { type: 'snapshot' },
      { session: { metadata: { resourceVersion: '7' } } },
    ]);
  });

  it('reports the number and the reason of an invalid value, and continues', () => {
    const changes = read(
      sessionJson({ uid: 'x' }),
      brokenSessionJson({ uid: 'x' }),
      sessionJson({ uid: 'x' }),
    );
    expect(changes).toMatchObject([
      { type: 'snapshot' },
      {
        type: 'stale',
        id: 'stdin/Tiltfile',
        error: 'value 2: status.pid: expected a whole number within 2^53, got "twelve"',
      },
      { type: 'upsert' },
    ]);
  });

  it.each([
    ['of another kind', { kind: 'Pod', metadata: {} }, 'kind: expected "Session", got "Pod"'],
    ['that is a list', [1], 'expected an object, got a list'],
    ['whose items are no list', { kind: 'List', items: 1 }, 'items: expected a list'],
    ['that is not JSON', '{"a": x}', 'expected JSON'],
    [
      'that is not an object',
      'Error: Tilt is not running',
      'expected { or [, got "Error: Tilt is not running"',
    ],
    [
      'that is an error event',
      { type: 'ERROR', object: { message: 'too old' } },
      'the watch failed: too old',
    ],
    ['that is an unknown event', { type: 'WHAT', object: {} }, 'expected a type ADDED'],
  ])('reports a value %s as stale, and delays the snapshot', (_, bad, reason) => {
    const [first, second, ...rest] = read(bad, sessionJson());
    expect(first).toMatchObject({ type: 'stale', error: expect.stringMatching(/^value 1: /) });
    expect(first).toHaveProperty('error', expect.stringContaining(reason));
    expect(second).toMatchObject({ type: 'snapshot' });
    expect(rest).toEqual([]);
  });

  it('returns an empty snapshot when the stream ends without a Session', () => {
    expect(read('')).toEqual([{ type: 'snapshot', sessions: [] }]);
  });

  it('reports a value that the end of the stream truncates', () => {
    expect(read(sessionJson(), '{"kind":')).toMatchObject([
      { type: 'snapshot' },
      { type: 'stale', error: 'value 2: the stream ended inside the value' },
    ]);
  });
});

/** All changes of a stream with these values, one per line. Strings are inserted verbatim. */
function read(...values: readonly (object | string)[]): Change[] {
  const reader = createSessionReader('stdin');
  const lines = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [...reader.push(Buffer.from(lines.join('\n'))), ...reader.end()];
}
