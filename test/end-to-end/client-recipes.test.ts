import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gql } from '@apollo/client';
import { executeCodegen } from '@graphql-codegen/cli';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { build, transform } from 'esbuild';
import { useServer } from 'graphql-ws/use/ws';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import relay from 'relay-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { openDisposableClient } from '../support/disposable-client.js';
import { startGateway } from '../support/gateway.js';
import { createTestLog, logLine } from '../support/log-lines.js';
import { withFacts } from '../support/resource-facts.js';
import { session } from '../support/sessions.js';
import { connectApollo } from './recipes/apollo.js';
import codegenConfig from './recipes/codegen.js';
import { printLinks } from './recipes/links.js';
import { followLog } from './recipes/log.js';
import { useTargets } from './recipes/react.js';
import { createEnvironment } from './recipes/relay.js';
import { connectUrql } from './recipes/urql.js';
import { isReady } from './recipes/wait.js';
import { report } from './recipes/watch.js';
import { launchBrowser } from './support/browser.js';
import { relayRequest, type Selected } from './support/relay-request.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const RECIPES = new URL('recipes/', import.meta.url);
const PAGE = readFileSync(new URL('../../docs/client.md', import.meta.url), 'utf8');
const TOKEN = 'secret';
const QUERY = 'query Good { session { id verdict { state } } }';
const SUBSCRIPTION = 'subscription Watch { session { id verdict { state } } }';
const SELECTED: Readonly<Record<string, Selected>> = {
  session: {
    type: 'Session',
    fields: { id: 'scalar', verdict: { type: 'Verdict', fields: { state: 'scalar' } } },
  },
};
const PENDING = { session: { id: 'ci/Tiltfile', verdict: { state: 'PENDING' } } };
const PASSED = { session: { id: 'ci/Tiltfile', verdict: { state: 'PASSED' } } };

// Browsers have a global WebSocket, and so has Node.js from 22 on.
beforeEach(() => void vi.stubGlobal('WebSocket', WebSocket));
afterEach(() => void vi.unstubAllGlobals());

describe('docs/client.md', () => {
  it('contains the code of every recipe tested here', () => {
    const recipes = readdirSync(RECIPES).map((name) => [
      name.replace('.ts', ''),
      readFileSync(new URL(name, RECIPES), 'utf8').replace(
        "'../../../src/client/client.js'",
        "'tilt-graphql/client'",
      ),
    ]);
    const blocks = [...PAGE.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code);
    for (const [name, code] of recipes) expect(blocks, name).toContain(code);
    // The page has one more block: the use of a generated document.
    expect(blocks.length).toBe(recipes.length + 1);
  });
});

describe('the client recipes of docs/client.md', () => {
  it('report changes and blockers until the verdict is final', async () => {
    await using gateway = await startCi();
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const reporting = report(gateway.url, TOKEN);
    await expect.poll(() => log.mock.calls).toContainEqual(['blocked by:', 'x: waiting: on-dep']);
    gateway.finish();
    await reporting;
    expect(log.mock.calls).toContainEqual(['MODIFIED', 'x', 'SUCCEEDED']);
    log.mockRestore();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('stop reporting when Tilt is killed, which leaves no final verdict', async () => {
    await using gateway = await startCi();
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const reporting = report(gateway.url, TOKEN);
    await expect.poll(() => log.mock.calls).toContainEqual(['blocked by:', 'x: waiting: on-dep']);
    gateway.kill();
    await reporting;
    log.mockRestore();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('wait until a Session is ready', async () => {
    const source = createMemoryProvider('ci', [session('ci', { x: 'waiting' })]);
    await using gateway = await startGateway({ providers: [source.provider] });
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const waiting = isReady([gateway.url]);
    source.put(session('ci', { x: 'ready' }));
    expect(await waiting).toBe(true);
    expect(log.mock.calls).toEqual([['reached: ci/Tiltfile passed: 1 ready, 1 succeeded']]);
    log.mockRestore();
  });

  it('print the links of the resources', async () => {
    const ci = withFacts(session('ci', { 'api:serve': 'ready' }));
    await using gateway = await startGateway({ providers: [createMemoryProvider('ci', [ci]).provider] });
    await gateway.gateway.ready();
    const log = vi.spyOn(console, 'log').mockReturnValue();
    await printLinks(gateway.url);
    expect(log.mock.calls).toEqual([['api', 'page', 'http://localhost:8080']]);
    log.mockRestore();
  });

  it('follow the log of a resource until they are aborted', async () => {
    const source = createMemoryProvider('ci', [session('ci', { 'api:update': 'running' })]);
    const ciLog = createTestLog();
    source.setLog('ci/Tiltfile', ciLog);
    ciLog.append(logLine('compiling'));
    await using gateway = await startGateway({ providers: [source.provider] });
    const log = vi.spyOn(console, 'log').mockReturnValue();
    const aborting = new AbortController();
    const following = followLog(gateway.url, aborting.signal);
    await expect.poll(() => log.mock.calls).toEqual([[expect.any(String), 'compiling']]);
    ciLog.append(logLine('\u001b[31mFAIL\u001b[0m adds numbers'));
    await expect.poll(() => log.mock.calls).toContainEqual([expect.any(String), 'FAIL adds numbers']);
    aborting.abort();
    await following;
    log.mockRestore();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });

  it('query with generated, typed documents', async () => {
    await using gateway = await startCi();
    const documents = 'query Failed($id: ID) { session(id: $id) { verdict { failed { name } } } }';
    const config = { ...codegenConfig, schema: `${ROOT}schema.graphql`, documents, silent: true };
    const { result } = await executeCodegen(config);
    const { code } = await transform(result[0]?.content ?? '', { loader: 'ts' });
    const { FailedDocument } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
    await using client = openDisposableClient({ url: gateway.url, token: TOKEN });
    expect(await client.query(FailedDocument, { id: 'ci/Tiltfile' })).toEqual({
      session: { verdict: { failed: [] } },
    });
  });
});

describe('urql', () => {
  it('queries and subscribes, and frees the subscription (S7) after unsubscribing', async () => {
    await using gateway = await startCi();
    const client = connectUrql(gateway.url, TOKEN);
    expect((await client.query(QUERY, {}).toPromise()).data).toMatchObject(PENDING);
    const seen: unknown[] = [];
    const { unsubscribe } = client.subscription(SUBSCRIPTION, {}).subscribe(({ data }) => seen.push(data));
    await expect.poll(() => seen).toMatchObject([PENDING]);
    gateway.finish();
    await expect.poll(() => seen).toMatchObject([PENDING, PASSED]);
    unsubscribe();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

describe('Apollo Client', () => {
  it('queries and subscribes, and caches one object per id', async () => {
    await using gateway = await startCi();
    const client = connectApollo(gateway.url, TOKEN);
    expect((await client.query({ query: gql(QUERY) })).data).toMatchObject(PENDING);
    const seen: unknown[] = [];
    const running = client.subscribe({ query: gql(SUBSCRIPTION) }).subscribe(({ data }) => seen.push(data));
    await expect.poll(() => seen).toMatchObject([PENDING]);
    gateway.finish();
    await expect.poll(() => seen).toMatchObject([PENDING, PASSED]);
    expect(client.readQuery({ query: gql(QUERY) })).toMatchObject(PASSED);
    running.unsubscribe();
    client.stop();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

describe('Relay', () => {
  it('queries and subscribes, and caches one object per id', async () => {
    await using gateway = await startCi();
    const environment = createEnvironment(gateway.url, TOKEN);
    const query = relayRequest('query', QUERY, SELECTED);
    expect(await relay.fetchQuery(environment, query, {}).toPromise()).toMatchObject(PENDING);
    const operation = relay.createOperationDescriptor(query, {});
    environment.retain(operation);
    const seen: unknown[] = [];
    const running = relay.requestSubscription(environment, {
      subscription: relayRequest('subscription', SUBSCRIPTION, SELECTED),
      variables: {},
      onNext: (data) => seen.push(data),
    });
    await expect.poll(() => seen).toMatchObject([PENDING]);
    gateway.finish();
    await expect.poll(() => seen).toMatchObject([PENDING, PASSED]);
    expect(environment.lookup(operation.fragment).data).toMatchObject(PASSED);
    running.dispose();
    await expect.poll(() => gateway.gateway.readers).toBe(0);
  });
});

describe('Relay with errors in payloads', () => {
  it('receives the error of a subscription payload that has no data', async () => {
    const fails = () => {
      throw new Error('the field failed');
    };
    const schema = makeExecutableSchema({
      typeDefs:
        'type Session { id: ID! } type Query { session: Session! } type Subscription { session: Session! }',
      resolvers: { Subscription: { session: { subscribe: endless, resolve: fails } } },
    });
    const wss = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    const server = useServer({ schema }, wss);
    await once(wss, 'listening');
    const address = wss.address();
    if (typeof address !== 'object' || address === null) throw new Error('Expected a port.');
    const environment = createEnvironment(`http://127.0.0.1:${address.port}`, TOKEN);
    const errors: string[] = [];
    relay.requestSubscription(environment, {
      subscription: relayRequest('subscription', 'subscription { session { id } }', {
        session: { type: 'Session', fields: { id: 'scalar' } },
      }),
      variables: {},
      onError: ({ message }) => errors.push(message),
    });
    await expect.poll(() => errors).toEqual([expect.stringContaining('the field failed')]);
    await server.dispose();
  });
});

describe('React', () => {
  it('renders null on a server and sends no request', async () => {
    await using gateway = await startCi();
    await using client = openDisposableClient({ url: gateway.url, token: TOKEN });
    const Board = () => createElement('p', null, String(useTargets(client)));
    expect(renderToString(createElement(Board))).toBe('<p>null</p>');
    expect(gateway.gateway.readers).toBe(0);
  });

  it('shows current targets, updates them, and frees the subscription (S7) on unmount', async () => {
    await using gateway = await startCi();
    const page = `
      import { createElement as h } from 'react';
      import { createRoot } from 'react-dom/client';
      import { createClient } from 'tilt-graphql/client';
      import { useTargets } from './recipes/react.ts';
      const client = createClient({ url: location.origin + '/graphql', token: '${TOKEN}' });
      function Board() {
        const view = useTargets(client, 'ci/Tiltfile');
        return h('ul', null, [...(view?.targets.values() ?? [])].map(({ name, phase }) => h('li', { key: name }, name + ' ' + phase)));
      }
      const root = createRoot(document.body);
      root.render(h(Board));
      window.leave = () => root.unmount();`;
    const { outputFiles } = await build({
      stdin: { contents: page, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
      alias: { 'tilt-graphql/client': `${ROOT}dist/client/client.js` },
      bundle: true,
      platform: 'browser',
      // As where the package is installed. The project's own tsconfig.json maps imports to sources.
      tsconfigRaw: {},
      format: 'iife',
      write: false,
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(`${gateway.origin}/healthz`);
      await tab.addScriptTag({ content: outputFiles[0]?.text ?? '' });
      const list = () => tab.locator('li').allTextContents();
      await expect.poll(list).toEqual(['tiltfile:update SUCCEEDED', 'x WAITING']);
      gateway.finish();
      await expect.poll(list).toEqual(['tiltfile:update SUCCEEDED', 'x SUCCEEDED']);
      expect(gateway.gateway.readers).toBe(1);
      await tab.evaluate('leave()');
      await expect.poll(() => gateway.gateway.readers).toBe(0);
    } finally {
      await browser.close();
    }
  });
});

async function* endless() {
  yield {};
  await new Promise(() => {});
}

/** A gateway with a token and a `tilt ci` Session that succeeds when `finish` is called. */
async function startCi() {
  const source = createMemoryProvider('ci', [session('ci', { x: 'waiting' })]);
  const started = await startGateway({ providers: [source.provider], token: TOKEN });
  await started.gateway.ready();
  return {
    ...started,
    finish: () => source.put(session('ci', { x: 'succeeded' }, { status: { done: true } })),
    /** The Session is gone before it was done. */
    kill: () => source.remove('ci/Tiltfile'),
  };
}
