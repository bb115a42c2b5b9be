import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/model/change.js';
import { decodeResource } from '../../../src/model/decode-facts.js';
import type { Session } from '../../../src/model/session.js';
import { createSessionReader } from '../../../src/providers/stdin/session-reader.js';
import { brokenResourceJson, clusterJson, inNamespace, resourceJson } from '../../support/fact-json.js';
import { readFixture } from '../../support/recording.js';
import { brokenSessionJson, sessionJson } from '../../support/session-json.js';

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

describe('the facts of a stream', () => {
  const api = resourceJson('api', { on: ['db'] });
  const cluster = clusterJson('refused');
  const session = sessionJson({ uid: 'x' });
  const facts = { resources: [decodeResource(api)], cluster: { error: 'refused' }, webUrl: null };

  it.each([
    ['before the Session', [api, cluster, session]],
    ['after the Session', [session, api, cluster]],
    ['around the Session', [cluster, session, api]],
    ['in one list with the Session', [{ kind: 'List', items: [api, session, cluster] }]],
    [
      'in lists of one kind each',
      [
        { kind: 'UIResourceList', items: [api] },
        { kind: 'SessionList', items: [session] },
        { kind: 'ClusterList', items: [cluster] },
      ],
    ],
    ['in watch events', [session, ...[api, cluster].map((object) => ({ type: 'ADDED', object }))]],
  ])('belong to the Session when they arrive %s', (_, values) => {
    for (const changes of [read(...values), readApart(...values)]) {
      expect(lastOf(changes)?.facts).toEqual(facts);
      expect(changes.map(({ type }) => type)).not.toContain('stale');
    }
  });

  it('are not known, which is no error, when the stream has no such objects', () => {
    expect(read(session)).toMatchObject([{ type: 'snapshot', sessions: [{ id: 'stdin/Tiltfile' }] }]);
    expect(lastOf(read(session))).not.toHaveProperty('facts');
  });

  it('wait for the first Session: before it, nothing is pushed', () => {
    const reader = createSessionReader('stdin');
    expect(reader.push(bytesOf(api, cluster))).toEqual([]);
    expect(reader.push(bytesOf(session))).toMatchObject([{ type: 'snapshot', sessions: [{ facts }] }]);
  });

  it('belong to every Session of the stream', () => {
    const changes = readApart(sessionJson({ name: 'a' }), sessionJson({ name: 'b' }), api, cluster);
    expect(changes.slice(-2)).toMatchObject([
      { type: 'upsert', session: { id: 'stdin/a', facts }, changedTargets: [] },
      { type: 'upsert', session: { id: 'stdin/b', facts }, changedTargets: [] },
    ]);
  });

  it('belong to the Sessions of their namespace only, which alone are updated when they change', () => {
    const reader = createSessionReader('stdin');
    const items = ['team-a', 'team-b'].flatMap((namespace) =>
      [sessionJson({ uid: namespace }), resourceJson('lint', { labels: [namespace] })].map((object) =>
        inNamespace(namespace, object),
      ),
    );
    const shown = (changes: readonly Change[]) =>
      changes.flatMap((change) => {
        const sessions = change.type === 'snapshot' ? change.sessions : [];
        const all = change.type === 'upsert' ? [change.session] : sessions;
        return all.map(({ id, facts: of }) => [id, of?.resources?.map(({ labels }) => labels.join())]);
      });
    expect(shown(reader.push(bytesOf({ kind: 'List', items })))).toEqual([
      ['stdin/team-a/Tiltfile', ['team-a']],
      ['stdin/team-b/Tiltfile', ['team-b']],
    ]);
    const changed = inNamespace('team-b', resourceJson('lint', { labels: ['new'] }));
    expect(shown(reader.push(bytesOf(changed)))).toEqual([['stdin/team-b/Tiltfile', ['new']]]);
    const deleted = { type: 'DELETED', object: inNamespace('team-a', resourceJson('lint')) };
    expect(shown(reader.push(bytesOf(deleted)))).toEqual([['stdin/team-a/Tiltfile', []]]);
  });

  it('lead to one update for all objects of a chunk, and to none if nothing that is shown has changed', () => {
    const reader = createSessionReader('stdin');
    reader.push(bytesOf(session));
    const many = Array.from({ length: 500 }, (_, index) => resourceJson(`r${index}`));
    expect(reader.push(bytesOf(...many, session))).toHaveLength(1);
    const again = many.map((one) => ({ ...one, spec: { newer: true } }));
    expect(reader.push(bytesOf(...again))).toEqual([]);
  });

  it('keep the newest object of each name, and lose a deleted one', () => {
    const version = (resourceVersion: string) =>
      resourceJson('api', { uid: 'u', resourceVersion, labels: [`v${resourceVersion}`] });
    const changes = readApart(
      session,
      version('5'),
      { type: 'MODIFIED', object: version('7') },
      { type: 'MODIFIED', object: version('6') },
      { type: 'BOOKMARK', object: { kind: 'UIResource', metadata: { resourceVersion: '9' } } },
      { type: 'DELETED', object: version('8') },
    );
    const labels = changes
      .slice(1)
      .map((change) => lastOf([change])?.facts?.resources?.map((one) => one.labels[0]));
    expect(labels).toEqual([['v5'], ['v7'], []]);
  });

  it('are replaced by a list of their kind, which leaves the Sessions alone', () => {
    const changes = readApart(session, api, { kind: 'List', items: [resourceJson('web')] });
    expect(lastOf(changes)?.facts?.resources?.map(({ name }) => name)).toEqual(['web']);
    const cleared = readApart(session, api, { kind: 'UIResourceList', items: null });
    expect(lastOf(cleared)?.facts?.resources).toEqual([]);
    expect(readApart(session, api, { kind: 'List', items: [] }).at(-1)).toEqual({
      type: 'snapshot',
      sessions: [],
    });
  });

  it('stay when an object cannot be read, which is reported and does not concern the Session', () => {
    const reader = createSessionReader('stdin');
    reader.push(bytesOf(session, api, cluster));
    const error = 'uiresources: api cannot be read: status.queued: expected true or false, got "soon"';
    expect(reader.push(bytesOf(brokenResourceJson('api')))).toEqual([
      { type: 'availability', kind: 'uiresources', error },
    ]);
    expect(reader.problem).toBeNull();
    expect(lastOf(reader.push(bytesOf(session)))?.facts).toEqual(facts);
    expect(reader.push(bytesOf(api))).toEqual([{ type: 'availability', kind: 'uiresources', error: null }]);
  });

  it('do not make a STALE Session live again, but belong to its next state', () => {
    const changes = readApart(session, brokenSessionJson({ uid: 'x' }), api, cluster, session);
    expect(changes.map(({ type }) => type)).toEqual(['snapshot', 'stale', 'upsert']);
    expect(lastOf(changes)?.facts).toEqual(facts);
    expect(readApart(session, 'rubbish', api).map(({ type }) => type)).toEqual(['snapshot', 'stale']);
  });

  it('do not hide that the last Session could not be read', () => {
    const reader = createSessionReader('stdin');
    reader.push(bytesOf(session, brokenSessionJson({ uid: 'x' }), api));
    expect(reader.problem).toMatch(/^value 2: status\.pid/);
  });

  it('are those of the newest objects at the end of a recorded run, however its three streams interleave', () => {
    const lines = readFixture('deps-kinds.ndjson').trim().split('\n');
    const events = lines.map((line): { kind: string; line: string } => JSON.parse(line));
    const inOrder = read(...events.map(({ line }) => line));
    const byKind = ['clusters', 'sessions', 'uiresources'].flatMap((kind) =>
      events.filter((one) => one.kind === kind),
    );
    const session = lastOf(inOrder);
    expect(session?.facts?.resources).toHaveLength(10);
    expect(lastOf(read(...byKind.map(({ line }) => line)))).toEqual(session);
    expect(lastOf(readApart(...byKind.map(({ line }) => line)))).toEqual(session);
  });
});

/** The newest state of the only Session. */
function lastOf(changes: readonly Change[]): Session | undefined {
  return changes
    .flatMap((change) =>
      change.type === 'snapshot' ? change.sessions : change.type === 'upsert' ? [change.session] : [],
    )
    .at(-1);
}

function bytesOf(...values: readonly (object | string)[]): Buffer {
  const lines = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

/** All changes of a stream in which each value is a chunk of its own. */
function readApart(...values: readonly (object | string)[]): Change[] {
  const reader = createSessionReader('stdin');
  return values.flatMap((value) => reader.push(bytesOf(value)));
}

/** All changes of a stream with these values, one per line. Strings are inserted verbatim. */
function read(...values: readonly (object | string)[]): Change[] {
  const reader = createSessionReader('stdin');
  const lines = values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return [...reader.push(Buffer.from(lines.join('\n'))), ...reader.end()];
}
