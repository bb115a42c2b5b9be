import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import { exampleTabs } from './graphiql-tabs.js';

/** The GraphiQL page. */
export interface GraphiQLPage {
  /** Answers with the page. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * GraphiQL with nothing fetched from outside: the offline build that Yoga's makers publish. It is 9 MB of script in
 * one page, so it is loaded when first asked for, kept compressed, and sent once per browser (ETag).
 *
 * @param endpoint the path of the GraphQL endpoint, for queries and for subscriptions over WebSocket
 */
export function createGraphiQLPage(endpoint: string): GraphiQLPage {
  let page: Promise<CompressedPage> | null = null;
  return {
    async serve(request, response) {
      page ??= render(endpoint).catch((error) => {
        // Tried again by the next: a file may have been out of reach.
        page = null;
        throw error;
      });
      const { body, etag } = await page;
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.setHeader('etag', etag);
      response.setHeader('cache-control', 'no-cache');
      response.setHeader('vary', 'accept-encoding');
      if (request.headers['if-none-match']?.includes(etag)) {
        response.writeHead(304).end();
      } else if (/\bgzip\b/.test(String(request.headers['accept-encoding']))) {
        response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
      } else {
        const unzip = createGunzip();
        response.writeHead(200);
        // A client that leaves half-way ends both; nothing is left to do then.
        pipeline(unzip, response, () => {});
        unzip.end(body);
      }
    },
  };
}

interface CompressedPage {
  readonly body: Buffer;
  readonly etag: string;
}

async function render(endpoint: string): Promise<CompressedPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'tilt-graphql',
    endpoint,
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleTabs,
  });
  const body = await promisify(gzip)(html);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"` };
}
