import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { createYoga } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMemoryProvider } from '../../../src/providers/memory.js';
import { blockOf, blocksOf, readPage } from '../../docs/pages.js';
import { findFreePort } from '../../support/free-port.js';
import { startGateway } from '../../support/gateway.js';
import { session } from '../../support/sessions.js';
import { createPeerFolder, peerPath } from '../support/peers.js';

// Services, composition and router of the page. The router is `@graphql-hive/gateway` from npm.

const PAGE = 'docs/federation.md';
const [teams = '', live = ''] = blocksOf([readPage(PAGE)])
  .filter(({ mark }) => mark === 'supergraph')
  .map(({ code }) => code);

const source = createMemoryProvider('mine', [session('shop', { 'api:serve': 'waiting' })]);
const ends: (() => unknown)[] = [];
let supergraph = '';

beforeAll(async () => {
  const tilt = await startGateway({ providers: [source.provider], federation: true });
  const folder = await createPeerFolder();
  ends.push(
    () => tilt[Symbol.asyncDispose](),
    () => folder[Symbol.asyncDispose](),
  );
  const addresses = new Map([
    ['http://127.0.0.1:4000', tilt.origin],
    ['http://127.0.0.1:4001', await startTeams()],
  ]);
  let compose = blockOf(PAGE, 'js', 'compose');
  for (const [shown, real] of addresses) compose = compose.replace(shown, real);
  await folder.write('compose.mjs', compose);
  await folder.write('gateway.config.js', blockOf(PAGE, 'js', 'config'));
  await folder.write('package.json', '{ "type": "module" }');
  await promisify(execFile)(process.execPath, ['compose.mjs'], { cwd: folder.path });
  supergraph = await startRouter(folder.path);
}, 120_000);
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

/** Starts the other service of the page, which assigns teams to Sessions. */
async function startTeams(): Promise<string> {
  const sdl = blockOf(PAGE, 'graphql', 'subgraph');
  const schema = makeExecutableSchema({
    typeDefs: [
      sdl.replace(/^extend schema.*$/m, '').replace(/@key\(.*?\)/g, ''),
      'scalar _Any union _Entity = Session type _Service { sdl: String! }',
      'extend type Query { _entities(representations: [_Any!]!): [_Entity]! _service: _Service! }',
    ],
    resolvers: {
      Query: {
        teams: () => [{ name: 'checkout', sessions: [{ id: 'shop/Tiltfile' }, { id: 'gone/Tiltfile' }] }],
        _service: () => ({ sdl }),
        _entities: (_, { representations }) => representations,
      },
      Session: { team: () => ({ name: 'checkout', sessions: [] }) },
      _Entity: { __resolveType: () => 'Session' },
    },
  });
  const port = await findFreePort();
  const server = createServer(createYoga({ schema, logging: false })).listen(port, '127.0.0.1');
  ends.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${port}`;
}

async function startRouter(cwd: string): Promise<string> {
  const port = await findFreePort();
  const bin = peerPath('@graphql-hive/gateway/dist/bin.js');
  const router = spawn(process.execPath, [bin, 'supergraph', '--host', '127.0.0.1', '--port', String(port)], {
    cwd,
    stdio: 'pipe',
  });
  ends.push(async () => {
    router.kill('SIGKILL');
    await once(router, 'exit');
  });
  let output = '';
  router.stdout.on('data', (bytes) => (output += bytes));
  router.stderr.on('data', (bytes) => (output += bytes));
  const origin = `http://127.0.0.1:${port}`;
  await vi.waitFor(
    async () => {
      const isReady = await fetch(`${origin}/readiness`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (!isReady) throw new Error(`The router is not ready: ${output}`);
    },
    { timeout: 60_000, interval: 200 },
  );
  return `${origin}/graphql`;
}

describe('a federated supergraph with the gateway', () => {
  it('resolves fields of the gateway on entities of another service', async () => {
    const answer = await ask(teams);
    // The second Session does not exist: null, as the page's type `[Session]` allows.
    const sessions = [{ id: 'shop/Tiltfile', verdict: { state: 'PENDING' } }, null];
    expect(await answer.json()).toMatchObject({ data: { teams: [{ name: 'checkout', sessions }] } });
  });

  it('streams a subscription of the gateway with fields of another service', async () => {
    const answer = await ask(live, 'text/event-stream');
    const payloads = readPayloads(answer);
    expect(await payloads.next()).toMatchObject({
      value: { data: { session: { verdict: { state: 'PENDING' }, team: { name: 'checkout' } } } },
    });
    source.put(session('shop', { 'api:serve': 'ready' }));
    expect(await payloads.next()).toMatchObject({
      value: { data: { session: { verdict: { state: 'PASSED' }, team: { name: 'checkout' } } } },
    });
    await payloads.return(undefined);
  });
});

function ask(query: string, accept = 'application/json'): Promise<Response> {
  const headers = { accept, 'content-type': 'application/json' };
  return fetch(supergraph, { method: 'POST', headers, body: JSON.stringify({ query }) });
}

/** Data of each `next` event (GraphQL over SSE, "distinct connections" mode). */
async function* readPayloads({ body }: Response) {
  if (body === null) throw new Error('Expected a response with a body.');
  let text = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.+)$/m.exec(event)?.[1];
      if (data) yield JSON.parse(data);
    }
  }
}
