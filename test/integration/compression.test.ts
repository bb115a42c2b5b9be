import { describe, expect, it } from 'vitest';
import { zstd } from '../../src/server/http/zstd.js';
import { startGateway, startMemoryGateway, type TestGateway } from '../support/gateway.js';
import { largeSession, WAIT_REASON_FIELDS } from '../support/large-session.js';
import { type RawRequest, requestRaw } from '../support/raw-answer.js';
import { session } from '../support/sessions.js';

const CODINGS = ['gzip', 'br', ...(zstd ? ['zstd'] : [])];
const QUERY = '{ session { id status { targets { name phase type resources } } } }';
const SHORT = '{ __typename }';

/** A Session whose answer to {@link QUERY} has some kilobytes. */
const services = session(
  'a',
  Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`service-${i}`, 'ready'])),
);

function get({ url }: TestGateway, query: string, headers: RawRequest['headers'] = {}) {
  return requestRaw(`${url}?query=${encodeURIComponent(query)}`, { headers });
}

function post({ url }: TestGateway, query: string, headers: RawRequest['headers'] = {}) {
  return requestRaw(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
}

describe('a compressed response', () => {
  it.each(CODINGS)(
    'a response in %s has the bytes of the plain one, fewer of them, and its headers',
    async (coding) => {
      await using gateway = await startMemoryGateway([services]);
      const plain = await get(gateway, QUERY);
      expect(plain.headers['content-encoding']).toBeUndefined();
      // The first is compressed, the second is from the cache.
      for (let again = 0; again < 2; again += 1) {
        const answer = await get(gateway, QUERY, { 'accept-encoding': coding });
        expect(answer.status).toBe(200);
        expect(answer.text).toBe(plain.text);
        expect(answer.headers).toMatchObject({
          'content-encoding': coding,
          'content-length': String(answer.body.length),
          'content-type': plain.headers['content-type'],
          etag: plain.headers.etag?.replace(/"$/, `-${coding}"`),
          vary: 'accept, accept-encoding, authorization, cookie, origin',
        });
        expect(answer.body.length).toBeLessThan(0.15 * plain.body.length);
      }
      expect(plain.headers.vary).toBe('accept, accept-encoding, authorization, cookie, origin');
    },
  );

  it('304 is sent for the ETag of the selected coding, and not for that of another', async () => {
    await using gateway = await startMemoryGateway([services]);
    const etagOf = async (coding: string) =>
      (await get(gateway, QUERY, { 'accept-encoding': coding })).headers.etag ?? '';
    const etags = { identity: await etagOf('identity'), gzip: await etagOf('gzip'), br: await etagOf('br') };
    for (const [coding, own] of Object.entries(etags)) {
      for (const etag of Object.values(etags)) {
        const headers = { 'accept-encoding': coding, 'if-none-match': etag };
        const answer = await get(gateway, QUERY, headers);
        expect([answer.status, answer.headers.etag]).toEqual([etag === own ? 304 : 200, own]);
      }
    }
  });

  it('a response that follows an update is compressed again', async () => {
    await using gateway = await startMemoryGateway([services]);
    const before = await get(gateway, QUERY, { 'accept-encoding': 'gzip' });
    gateway.source.put(session('a', { 'service-0': 'failed', 'a-name-of-some-length': 'ready' }));
    const after = await get(gateway, QUERY, { 'accept-encoding': 'gzip' });
    expect(after.headers.etag).not.toBe(before.headers.etag);
    expect(after.text).toContain('"FAILED"');
  });

  it('a response of less than 1 kB stays plain, unless the client rejects that', async () => {
    await using gateway = await startMemoryGateway([services]);
    const short = await get(gateway, SHORT, { 'accept-encoding': 'gzip' });
    expect([short.headers['content-encoding'], short.text]).toEqual([
      undefined,
      '{"data":{"__typename":"Query"}}',
    ]);
    const required = await get(gateway, SHORT, { 'accept-encoding': 'gzip, identity;q=0' });
    expect([required.headers['content-encoding'], required.text]).toEqual(['gzip', short.text]);
  });

  it('a POST with errors of some kilobytes is compressed, with its status', async () => {
    await using gateway = await startMemoryGateway([services]);
    const query = `{ ${Array.from({ length: 40 }, (_, index) => `unknown${index}`).join(' ')} }`;
    const headers = { accept: 'application/graphql-response+json', 'accept-encoding': 'br' };
    const answer = await post(gateway, query, headers);
    expect([answer.status, answer.headers['content-encoding']]).toEqual([400, 'br']);
    expect(JSON.parse(answer.text).errors).toHaveLength(40);
  });

  it('a response of megabytes is compressed while it is sent, and its bytes are complete', async () => {
    await using gateway = await startMemoryGateway([largeSession('a', 20_000, 40)]);
    const query = `{ session { status { targets { name phase type ${WAIT_REASON_FIELDS} } } } }`;
    const [plain, compressed] = await Promise.all([
      post(gateway, query),
      post(gateway, query, { 'accept-encoding': 'gzip' }),
    ]);
    expect(plain.body.length).toBeGreaterThan(1_500_000);
    expect(compressed.text).toBe(plain.text);
    expect(compressed.body.length).toBeLessThan(0.15 * plain.body.length);
  });

  it('all clients that ask at once for a response of 100 kB to 1 MB get equal bytes', async () => {
    await using gateway = await startMemoryGateway([largeSession('a', 2_500, 40)]);
    const query = `{ session { status { targets { name phase type ${WAIT_REASON_FIELDS} } } } }`;
    const plain = await get(gateway, query);
    expect(plain.body.length).toBeGreaterThan(128 * 1024);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => get(gateway, query, { 'accept-encoding': 'br' })),
    );
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set([plain.text]));
    expect(new Set(answers.map(({ headers }) => headers.etag)).size).toBe(1);
  });

  it('compressed forms count in the size of the cache', async () => {
    await using gateway = await startMemoryGateway([services]);
    const size = async () => {
      const metrics = await requestRaw(`${gateway.origin}/metrics`);
      return Number(/query_cache_bytes (\d+)/.exec(metrics.text)?.[1]);
    };
    await get(gateway, QUERY);
    const before = await size();
    const { body } = await get(gateway, QUERY, { 'accept-encoding': 'gzip' });
    // Short bodies are kept as bytes and as a string.
    expect(await size()).toBe(before + 2 * body.length);
    await get(gateway, QUERY, { 'accept-encoding': 'gzip' });
    expect(await size()).toBe(before + 2 * body.length);
  });

  it.each(['cross-site', 'same-site'])(
    'a visit that a %s page starts is answered without compression, so that its length tells nothing',
    async (site) => {
      await using gateway = await startMemoryGateway([services]);
      const headers = { 'accept-encoding': 'gzip', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': site };
      expect((await get(gateway, QUERY, headers)).headers['content-encoding']).toBeUndefined();
      const own = await get(gateway, QUERY, { ...headers, 'sec-fetch-site': 'same-origin' });
      expect(own.headers['content-encoding']).toBe('gzip');
    },
  );

  it('with the mode "never" nothing is compressed', async () => {
    await using gateway = await startGateway({ compress: 'never' });
    const headers = { 'accept-encoding': 'gzip, br' };
    for (const path of ['/', '/graphql', '/metrics']) {
      const answer = await requestRaw(gateway.origin + path, {
        headers: { ...headers, accept: 'text/html' },
      });
      expect(answer.headers['content-encoding']).toBeUndefined();
    }
  });
});

describe('other pages', () => {
  it('the dashboard, GraphiQL and the metrics are compressed, and health checks are not', async () => {
    await using gateway = await startGateway();
    const headers = { 'accept-encoding': 'gzip, br', accept: 'text/html' };
    const codingOf = async (path: string) => {
      const answer = await requestRaw(gateway.origin + path, { headers });
      expect(answer.text.length).toBeGreaterThanOrEqual(answer.body.length);
      return answer.headers['content-encoding'];
    };
    expect(await Promise.all(['/', '/graphql', '/metrics', '/healthz'].map(codingOf))).toEqual([
      'br',
      'br',
      'br',
      undefined,
    ]);
  });

  it('HEAD has the headers of GET, without the body', async () => {
    await using gateway = await startGateway();
    const headers = { 'accept-encoding': 'gzip' };
    const whole = await requestRaw(`${gateway.origin}/`, { headers });
    const head = await requestRaw(`${gateway.origin}/`, { method: 'HEAD', headers });
    expect(head.body).toHaveLength(0);
    for (const name of ['content-encoding', 'content-length', 'etag', 'vary'])
      expect(head.headers[name]).toBe(whole.headers[name]);
  });

  it('files are revalidated per coding', async () => {
    await using gateway = await startGateway();
    for (const coding of ['identity', 'gzip', 'br']) {
      const headers = { 'accept-encoding': coding };
      const { headers: first } = await requestRaw(`${gateway.origin}/`, { headers });
      const again = await requestRaw(`${gateway.origin}/`, {
        headers: { ...headers, 'if-none-match': first.etag },
      });
      expect([again.status, again.body.length]).toEqual([304, 0]);
    }
  });
});
