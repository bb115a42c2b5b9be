import { createHash } from 'node:crypto';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../src/graphql/documents.js';
import { createMemoryProvider } from '../../src/providers/memory.js';
import { startGateway } from '../support/gateway.js';
import { session } from '../support/sessions.js';

const MANIFEST = JSON.stringify({
  query: '{ session { id } }',
  named: 'query Named($id: ID) { session(id: $id) { id } }',
  live: 'subscription { session { id } }',
});
const DATA = { data: { session: { id: 'a/Tiltfile' } } };

async function start(options: { readonly documents?: ReturnType<typeof readManifest> } = {}) {
  const { provider } = createMemoryProvider('mine', [session('a')]);
  const started = await startGateway({ providers: [provider], ...options });
  await started.gateway.ready();
  return started;
}

const withManifest = () => start({ documents: readManifest(MANIFEST) });

/** Reads a response until it contains a text. Rejects if it ends before. */
async function readUntil({ body }: Response, end: string): Promise<string> {
  let text = '';
  for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    if (text.includes(end)) return text;
  }
  throw new Error(`The response ended without ${end}: ${text}`);
}

describe('a GET request with documentId', () => {
  it.each(['documentId=query', 'documentId=named&operationName=Named&variables={"id":"a/Tiltfile"}'])(
    'is answered when the manifest contains the document: ?%s',
    async (search) => {
      await using gateway = await withManifest();
      for (let again = 0; again < 2; again += 1) {
        const response = await fetch(`${gateway.url}?${search}`);
        expect(response.status).toBe(200);
        expect(await response.json()).toEqual(DATA);
      }
    },
  );

  it('subscribes as an EventSource does', async () => {
    await using gateway = await withManifest();
    const accept = 'text/event-stream';
    const response = await fetch(`${gateway.url}?documentId=live`, { headers: { accept } });
    expect(response.headers.get('content-type')).toContain(accept);
    expect(await readUntil(response, JSON.stringify(DATA))).toContain('event: next');
  });

  it('is rejected with DOCUMENT_NOT_KNOWN when the manifest does not contain the document', async () => {
    await using gateway = await withManifest();
    const response = await fetch(`${gateway.url}?documentId=other`);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'DOCUMENT_NOT_KNOWN' } }] });
  });

  it('is rejected with the name of the option when there is no manifest', async () => {
    await using gateway = await start();
    const response = await fetch(`${gateway.url}?documentId=query`);
    expect(await response.json()).toMatchObject({
      errors: [{ message: expect.stringContaining('--documents'), extensions: { code: 'BAD_REQUEST' } }],
    });
  });
});

describe('a form request', () => {
  it.each([
    { documentId: 'query' },
    { documentId: 'query', query: '', operationName: '', variables: '', extensions: '' },
    { documentId: 'named', operationName: 'Named', variables: '{"id":"a/Tiltfile"}' },
    { extensions: '{"persistedQuery":{"version":1,"sha256Hash":"query"}}' },
    { query: '{ session { id } }' },
  ])('is answered when the manifest contains the document: %o', async (fields) => {
    const manifest = { ...JSON.parse(MANIFEST), text: '{ session { id } }' };
    await using gateway = await start({ documents: readManifest(JSON.stringify(manifest)) });
    const response = await fetch(gateway.url, { method: 'POST', body: new URLSearchParams(fields) });
    expect([response.status, await response.json()]).toEqual([200, DATA]);
  });

  it('subscribes over server-sent events', async () => {
    await using gateway = await withManifest();
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { accept: 'text/event-stream' },
      body: new URLSearchParams({ documentId: 'live' }),
    });
    expect(await readUntil(response, JSON.stringify(DATA))).toContain('event: next');
  });

  it.each([
    [{ documentId: 'other' }, 'DOCUMENT_NOT_KNOWN'],
    [{ documentId: 'query', variables: '{' }, 'BAD_REQUEST'],
    [{}, 'BAD_REQUEST'],
  ])('is rejected without a known document or with broken variables: %o', async (fields, code) => {
    await using gateway = await withManifest();
    const response = await fetch(gateway.url, { method: 'POST', body: new URLSearchParams(fields) });
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
  });
});

describe('automatic persisted queries without a manifest', () => {
  const extensions = JSON.stringify({ persistedQuery: { version: 1, sha256Hash: 'f'.repeat(64) } });
  it.each([
    ['GET', `?extensions=${encodeURIComponent(extensions)}`, {}],
    [
      'POST of JSON',
      '',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: `{"extensions":${extensions}}`,
      },
    ],
    ['POST of a form', '', { method: 'POST', body: new URLSearchParams({ extensions }) }],
  ])('receive PersistedQueryNotSupported by %s', async (_, search, init) => {
    await using gateway = await start();
    const response = await fetch(`${gateway.url}${search}`, init);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      errors: [
        { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } },
      ],
    });
  });

  it('make Apollo Client send the document instead', async () => {
    await using gateway = await start();
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    const link = new PersistedQueryLink({ sha256 }).concat(new HttpLink({ uri: gateway.url }));
    const client = new ApolloClient({ link, cache: new InMemoryCache() });
    expect((await client.query({ query: gql('{ session { id } }') })).data).toMatchObject(DATA.data);
    client.stop();
  });
});

describe('a request body with a JSON value other than an object', () => {
  it.each(['null', '1', '"text"', '[]'])('is a client error when a manifest is set: %s', async (body) => {
    await using gateway = await withManifest();
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(gateway.url, { method: 'POST', headers, body });
    expect(response.status).toBeLessThan(500);
    expect(await response.text()).not.toContain('INTERNAL_SERVER_ERROR');
  });
});
