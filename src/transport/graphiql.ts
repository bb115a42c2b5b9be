import type { IncomingMessage, ServerResponse } from 'node:http';
import { exampleTabs } from './graphiql-tabs.js';
import { type CompressedFile, compressFile, sendFile } from './http/compressed-file.js';

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
  let page: Promise<CompressedFile> | null = null;
  return {
    async serve(request, response) {
      page ??= render(endpoint).catch((error) => {
        // Tried again by the next: a file may have been out of reach.
        page = null;
        throw error;
      });
      sendFile(await page, request, response);
    },
  };
}

async function render(endpoint: string): Promise<CompressedFile> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'tilt-graphql',
    endpoint,
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleTabs,
  });
  return compressFile(html, 'text/html; charset=utf-8');
}
