import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '../../src/lib/clock.js';
import { decodeSession } from '../../src/model/decode.js';
import { createFileProvider } from '../../src/providers/file/file.js';
import { createStreamProvider } from '../../src/providers/stdin/stdin.js';
import { brokenResourceJson, clusterJson, resourceJson } from '../support/fact-json.js';
import { startGateway, startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { readFixture } from '../support/recording.js';
import { sessionJson } from '../support/session-json.js';
import { states } from '../support/sessions.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const EXPLANATION = `{ sessions { nodes {
  id connection { state } cluster { error } verdict { state reason }
  resources { name labels kind tiltUrl } status { targets { name blockedBy { name } } } } }
  gateway { sources { state unavailable } } }`;

interface Named {
  readonly name: string;
}

interface Answer {
  readonly sessions: {
    readonly nodes: readonly {
      readonly id: string;
      readonly connection: { readonly state: string };
      readonly cluster: { readonly error: string | null } | null;
      readonly verdict: { readonly state: string; readonly reason: string | null };
      readonly resources: readonly (Named & {
        readonly labels: readonly string[] | null;
        readonly tiltUrl: string | null;
      })[];
      readonly status: { readonly targets: readonly (Named & { readonly blockedBy: readonly Named[] })[] };
    }[];
  };
  readonly gateway: { readonly sources: readonly { readonly unavailable: readonly string[] }[] };
}

/** What a gateway says about each of its Sessions, by id. */
async function explain(gateway: TestGateway) {
  const { data } = await gateway.query<Answer>(EXPLANATION);
  const sessions = data.sessions.nodes.map(({ id, connection, cluster, verdict, resources, status }) => {
    const blocked = status.targets.filter(({ blockedBy }) => blockedBy.length > 0);
    return [
      id,
      {
        connection: connection.state,
        cluster,
        verdict: verdict.state,
        labels: resources.flatMap(({ labels }) => labels ?? []),
        urls: resources.flatMap(({ tiltUrl }) => tiltUrl ?? []),
        blockers: Object.fromEntries(
          blocked.map(({ name, blockedBy }) => [name, blockedBy.map((one) => one.name)]),
        ),
      },
    ];
  });
  const unavailable = data.gateway.sources.flatMap((source) => source.unavailable);
  return { ...Object.fromEntries(sessions), unavailable };
}

const target = (name: string, state: keyof typeof states) => ({
  name,
  type: 'server',
  resources: [name.replace(/:.*/, '')],
  state: states[state],
});

const SESSION = sessionJson({
  uid: 'x',
  targets: [target('api:serve', 'running'), target('web:serve', 'waiting')],
});
const API = resourceJson('api', {
  labels: ['backend'],
  status: { k8sResourceInfo: {}, localResourceInfo: null },
});
const WEB = resourceJson('web', { on: ['api'] });

const EXPLAINED = {
  connection: 'LIVE',
  cluster: { error: null },
  verdict: 'PENDING',
  labels: ['backend'],
  urls: [],
  blockers: { 'web:serve': ['api:serve'] },
};
const UNEXPLAINED = { ...EXPLAINED, cluster: null, labels: [], blockers: {} };
const UNREACHABLE = { ...EXPLAINED, cluster: { error: 'no route to host' }, verdict: 'FAILED' };
const BROKEN = 'uiresources: web cannot be read: status.queued: expected true or false, got "soon"';

describe('a gateway that reads a folder', () => {
  it('explains each Session by the objects in its own file, and keeps the last good facts of a broken one', async () => {
    await using folder = await createTemporaryFolder();
    const write = (name: string, ...objects: readonly object[]) =>
      folder.replace(name, objects.map((object) => stringify(object)).join('---\n'));
    await write('explained.yaml', API, WEB, SESSION, clusterJson(''));
    await write('plain.yaml', SESSION);
    const provider = createFileProvider({ path: folder.path, clock: systemClock, pollMs: 20 });
    await using gateway = await startGateway({ providers: [provider] });
    await gateway.gateway.ready();
    const plain = { 'plain/Tiltfile': UNEXPLAINED };
    expect(await explain(gateway)).toEqual({ ...plain, 'explained/Tiltfile': EXPLAINED, unavailable: [] });

    await write('explained.yaml', SESSION, clusterJson('no route to host'), API, brokenResourceJson('web'));
    await expect
      .poll(() => explain(gateway))
      .toEqual({ ...plain, 'explained/Tiltfile': UNREACHABLE, unavailable: [`explained.yaml: ${BROKEN}`] });

    await write('explained.yaml', SESSION);
    await expect
      .poll(() => explain(gateway))
      .toEqual({ ...plain, 'explained/Tiltfile': UNEXPLAINED, unavailable: [] });
  });
});

describe('a gateway that reads standard input', () => {
  it('explains its Session by objects before and after it, as they change', async () => {
    const input = new PassThrough();
    const write = (...values: readonly object[]) =>
      input.write(values.map((value) => JSON.stringify(value, null, 4)).join('\n'));
    write(WEB, API, SESSION);
    await using gateway = await startGateway({ providers: [createStreamProvider({ input })] });
    await gateway.gateway.ready();
    const shows = (session: object, ...unavailable: readonly string[]) =>
      expect.poll(() => explain(gateway)).toEqual({ 'stdin/Tiltfile': session, unavailable });
    await shows({ ...EXPLAINED, cluster: null });
    write({ type: 'ADDED', object: clusterJson('no route to host') });
    await shows(UNREACHABLE);
    write(clusterJson(''), brokenResourceJson('web'));
    await shows(EXPLAINED, BROKEN);
    write({ type: 'DELETED', object: WEB });
    await shows({ ...EXPLAINED, blockers: {} });
    input.end();
    await shows({ ...EXPLAINED, connection: 'GONE', verdict: 'UNKNOWN', blockers: {} });
  });

  it('explains a recorded run of Tilt by its three streams', async () => {
    const lines = readFixture('deps-kinds.ndjson').trim().split('\n');
    const events = lines.map((line): { ms: number; line: string } => JSON.parse(line));
    const input = new PassThrough();
    for (const { ms, line } of events) if (ms < 13_000) input.write(`${line}\n`);
    await using gateway = await startGateway({ providers: [createStreamProvider({ input })] });
    await gateway.gateway.ready();
    await expect
      .poll(() => explain(gateway))
      .toMatchObject({
        'stdin/Tiltfile': {
          blockers: { 'e2e:update': ['web:serve', 'api:serve'], 'web:serve': ['api:serve'] },
        },
      });
    input.end();
  });
});

describe('the page of a resource in the UI of Tilt', () => {
  it('is an address that any name can be a part of', async () => {
    const named = (name: string) => ({ ...target('a:serve', 'ready'), resources: [name] });
    const urlOf = async (name: string) => {
      const session = decodeSession(sessionJson({ uid: 'x', targets: [named(name)] }), 'mine');
      await using gateway = await startMemoryGateway([
        { ...session, facts: { resources: [], cluster: null, webUrl: 'http://localhost:10350' } },
      ]);
      const { data } = await gateway.query<{ session: { resources: readonly { tiltUrl: string }[] } }>(
        '{ session { resources { tiltUrl } } }',
      );
      return data.session.resources.map(({ tiltUrl }) => tiltUrl);
    };
    expect(await urlOf('a b/../ü')).toEqual(['http://localhost:10350/r/a%20b%2F..%2F%C3%BC/overview']);
    expect(await urlOf('a\ud800')).toEqual(['http://localhost:10350/r/a%EF%BF%BD/overview']);
  });
});
