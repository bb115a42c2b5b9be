import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import { createSessionReader } from '../../../src/providers/stdin/session-reader.js';
import { readFixture } from '../../support/recording.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';

describe('the session reader', () => {
  it('reads what tilt get session -w -o json prints', () => {
    const changes = read(readFixture('get-session-watch.json'));
    // The second of its three values repeats the version of the first: that is no news.
    expect(changes).toMatchObject([
      { type: 'snapshot', sessions: [{ id: 'stdin/Tiltfile' }] },
      { type: 'upsert', session: { id: 'stdin/Tiltfile' } },
    ]);
  });

  it('gives a snapshot with the first Session, and an upsert with each after it', () => {
    const changes = read(
      ...['1', '2', '3'].map((resourceVersion) => sessionJson({ uid: 'x', resourceVersion })),
    );
    expect(changes.map(({ type }) => type)).toEqual(['snapshot', 'upsert', 'upsert']);
  });

  it.each(['List', 'SessionList'])('takes a %s for everything there is', (kind) => {
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

  it('drops a version that comes late', () => {
    const versions = ['5', '7', '6'].map((resourceVersion) => sessionJson({ uid: 'x', resourceVersion }));
    expect(read(...versions)).toMatchObject([
      { type: 'snapshot' },
      { session: { metadata: { resourceVersion: '7' } } },
    ]);
  });

  it('tells which value is bad and why, and goes on', () => {
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
    ['that is no JSON', '{"a": x}', 'expected JSON'],
    ['that is no object', 'Error: Tilt is not running', 'expected { or [, got "Error: Tilt is not running"'],
    [
      'that is an error event',
      { type: 'ERROR', object: { message: 'too old' } },
      'the watch failed: too old',
    ],
    ['that is an unknown event', { type: 'WHAT', object: {} }, 'expected a type ADDED'],
  ])('calls a value %s stale, and waits with the snapshot', (_, bad, reason) => {
    const [first, second, ...rest] = read(bad, sessionJson());
    expect(first).toMatchObject({ type: 'stale', error: expect.stringMatching(/^value 1: /) });
    expect(first).toHaveProperty('error', expect.stringContaining(reason));
    expect(second).toMatchObject({ type: 'snapshot' });
    expect(rest).toEqual([]);
  });

  it('gives an empty snapshot when the stream ends without a Session', () => {
    expect(read('')).toEqual([{ type: 'snapshot', sessions: [] }]);
  });

  it('tells of a value that the end cuts off', () => {
    expect(read(sessionJson(), '{"kind":')).toMatchObject([
      { type: 'snapshot' },
      { type: 'stale', error: 'value 2: the stream ended in the middle of it' },
    ]);
  });
});

/** All changes of a stream with these values, one a line; texts go in as they are. */
function read(...values: readonly (object | string)[]): Change[] {
  const reader = createSessionReader('stdin');
  const lines = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [...reader.push(Buffer.from(lines.join('\n'))), ...reader.end()];
}
