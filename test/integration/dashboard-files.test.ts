import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createCompression } from '../../src/server/compression.js';
import { createDashboard } from '../../src/server/dashboard.js';
import { startGateway, type TestGateway } from '../support/gateway.js';
import { openPausableSocket } from '../support/pausable-socket.js';
import { requestRaw } from '../support/raw-answer.js';
import { measureRetainedMemory } from '../support/retained-memory.js';
import { createTemporaryFolder } from '../support/temporary-folder.js';

const get = (gateway: TestGateway, path: string, headers: Record<string, string> = {}) =>
  fetch(gateway.origin + path, { redirect: 'manual', headers });

/** Returns the addresses of the files that a browser loads with a page, unchanged. */
async function parseAssets(page: Response): Promise<string[]> {
  return [...(await page.text()).matchAll(/(?:src|href)="(assets\/[^"]+\.(?:js|css))"/g)].map(
    ([, path = '']) => path,
  );
}

describe('a page for clients that accept no compression', () => {
  const HTML = { accept: 'text/html' };

  it('GraphiQL is sent whole, and HEAD has the length of GET', async () => {
    await using gateway = await startGateway();
    const plain = await requestRaw(gateway.url, { headers: HTML });
    const zipped = await requestRaw(gateway.url, { headers: { ...HTML, 'accept-encoding': 'gzip' } });
    expect([plain.status, plain.headers['content-length']]).toEqual([200, String(plain.body.length)]);
    expect(plain.body.length).toBeGreaterThan(5_000_000);
    expect(plain.text === zipped.text).toBe(true);
    const head = await requestRaw(gateway.url, { method: 'HEAD', headers: HTML });
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([
      200,
      plain.headers['content-length'],
      0,
    ]);
    expect(head.headers.etag).toBe(plain.headers.etag);
  });

  it('slow readers of GraphiQL do not keep a copy of it each, and nothing after they have left', async () => {
    await using gateway = await startGateway();
    const open = async () => {
      const client = openPausableSocket(gateway.origin);
      client.socket.write('GET /graphql HTTP/1.1\r\nhost: localhost\r\naccept: text/html\r\n\r\n');
      await client.read(1_000);
      return client;
    };
    const openAll = () => Promise.all(Array.from({ length: 20 }, open));
    const warm = await openAll();
    for (const { socket } of warm) socket.destroy();
    const before = measureRetainedMemory();
    const clients = await openAll();
    const perReader = () => (measureRetainedMemory() - before) / clients.length;
    console.log(`A slow reader of GraphiQL keeps ${Math.round(perReader())} bytes.`);
    expect(perReader()).toBeLessThan(1_000_000);
    for (const { socket } of clients) socket.destroy();
    await expect.poll(perReader, { timeout: 10_000 }).toBeLessThan(50_000);
  });
});

describe('the dashboard', () => {
  it('the dashboard has a Content-Security-Policy that allows only its own files', async () => {
    await using gateway = await startGateway();
    const page = await get(gateway, '/');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = page.headers.get('content-security-policy');
    expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
    expect(await parseAssets(page)).toHaveLength(3);
  });

  it('lines of a log have their marks in browsers without alternative texts of generated content too', async () => {
    await using gateway = await startGateway();
    const paths = await parseAssets(await get(gateway, '/'));
    const styles = await get(gateway, `/${paths.find((path) => path.endsWith('.css'))}`);
    const [always = '', supported = ''] = (await styles.text()).split('@supports');
    expect(always).toMatch(/is-warning:before\{[^}]*content:"!"\}.*is-error:before\{[^}]*content:"[^"]+"\}/s);
    expect(supported).toMatch(/is-warning:before\{content:"!" ?\/ ?""\}/);
  });

  it('the compressed dashboard is smaller than 100 kB in total', async () => {
    await using gateway = await startGateway();
    const page = await get(gateway, '/');
    const paths = ['/', ...(await parseAssets(page)).map((path) => `/${path}`)];
    const sizes = await Promise.all(
      paths.map(async (path) => {
        const response = await get(gateway, path, { 'accept-encoding': 'gzip' });
        expect(response.status).toBe(200);
        expect(response.headers.get('content-encoding')).toBe('gzip');
        return Number(response.headers.get('content-length'));
      }),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`The dashboard takes ${total} bytes, compressed.`);
    expect(total).toBeLessThan(100_000);
    expect(total).toBeGreaterThan(gzipSync('').length * paths.length);
  });

  it('the files of the dashboard are immutable, and its page is revalidated by ETag', async () => {
    await using gateway = await startGateway();
    const page = await get(gateway, '/');
    const etag = page.headers.get('etag') ?? '';
    expect([etag, page.headers.get('cache-control')]).toEqual([
      expect.stringMatching(/^"[\w-]{16}-gzip"$/),
      'no-cache',
    ]);
    expect((await get(gateway, '/', { 'if-none-match': etag })).status).toBe(304);
    for (const path of await parseAssets(page)) {
      const asset = await get(gateway, `/${path}`);
      expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(asset.headers.get('content-type')).toMatch(/^text\/(javascript|css); charset=utf-8$/);
    }
  });

  it('the dashboard links the licenses of the packages in its scripts', async () => {
    await using gateway = await startGateway({ pathPrefix: '/tilt' });
    const page = await (await get(gateway, '/tilt/')).text();
    const [, path = ''] = /<link rel="license" href="([^"]+)"/.exec(page) ?? [];
    const file = await get(gateway, `/tilt/${path}`);
    expect(file.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    const licenses = (await file.text()).split(/^-{80}$/m);
    for (const bundled of ['preact', '@preact/signals', 'anser', 'graphql-ws']) {
      const license = licenses.find((text) => text.trimStart().startsWith(`${bundled} `));
      expect(license).toMatch(/\(MIT\)\n\n.*Copyright \(c\) .*WITHOUT WARRANTY OF ANY KIND/s);
    }
  });

  it('the dashboard is sent uncompressed to a client that accepts no encoding', async () => {
    await using gateway = await startGateway();
    const plain = await get(gateway, '/', { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(await (await get(gateway, '/', { 'accept-encoding': 'gzip' })).text());
  });

  it('the dashboard serves only its own files', async () => {
    await using gateway = await startGateway();
    for (const path of [
      '/assets/',
      '/assets/nothing.js',
      '/assets/../index.html',
      '/assets/..%2f..%2fpackage.json',
      '/index.html',
    ]) {
      expect((await get(gateway, path)).status, path).toBe(404);
    }
    expect((await fetch(`${gateway.origin}/`, { method: 'POST', redirect: 'manual' })).status).toBe(302);
  });

  it('the dashboard is served below the prefix, with a trailing slash for its relative addresses', async () => {
    await using gateway = await startGateway({ pathPrefix: '/tilt' });
    const bare = await get(gateway, '/tilt?session=a');
    expect([bare.status, bare.headers.get('location')]).toEqual([302, './tilt/?session=a']);
    const [asset] = await parseAssets(await get(gateway, '/tilt/'));
    expect((await get(gateway, `/tilt/${asset}`)).status).toBe(200);
    expect((await get(gateway, `/${asset}`)).status).toBe(404);
  });

  it('the dashboard files require no token, and its data does', async () => {
    await using gateway = await startGateway({ token: 'a-token-of-the-tests' });
    expect((await get(gateway, '/')).status).toBe(200);
    expect((await get(gateway, '/graphql?query={sessions{totalCount}}')).status).toBe(401);
  });

  it('a dashboard that is not built is reported as missing until it is built', async () => {
    await using folder = await createTemporaryFolder();
    const dashboard = createDashboard(
      createCompression('auto', null),
      pathToFileURL(folder.file('the dashboard/')),
    );
    const server = createServer((request, response) => {
      void dashboard
        .serve('index.html', request, response)
        .then((isServed) => isServed || response.writeHead(404).end());
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
    expect((await fetch(url)).status).toBe(404);
    await mkdir(folder.file('the dashboard/assets'), { recursive: true });
    await folder.write('the dashboard/assets/main.js', '');
    expect((await fetch(url)).status).toBe(404);
    await folder.write('the dashboard/index.html', '<!doctype html>');
    expect(await (await fetch(url)).text()).toBe('<!doctype html>');
    server.close();
    server.closeAllConnections();
  });

  it('the root path redirects to the endpoint when the dashboard is disabled', async () => {
    await using gateway = await startGateway({ dashboard: false });
    const root = await get(gateway, '/');
    expect([root.status, root.headers.get('location')]).toEqual([302, 'graphql']);
    expect((await get(gateway, '/assets/main.js')).status).toBe(404);
  });
});
