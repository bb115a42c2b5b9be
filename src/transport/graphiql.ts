import type { IncomingMessage, ServerResponse } from 'node:http';
import { SIGN_IN_OFFER } from './graphiql-sign-in.js';
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
 */
export function createGraphiQLPage(): GraphiQLPage {
  let page: Promise<CompressedFile> | null = null;
  return {
    async serve(request, response) {
      page ??= render().catch((error) => {
        // Tried again by the next: a file may have been out of reach.
        page = null;
        throw error;
      });
      sendFile(await page, request, response);
    },
  };
}

async function render(): Promise<CompressedFile> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'tilt-graphql',
    // Relative to the page, which is at the endpoint itself: a proxy may serve it below a prefix.
    endpoint: 'graphql',
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleTabs,
  });
  return compressFile(html.replace('</title>', `</title>${SIGN_IN_OFFER}`), 'text/html; charset=utf-8');
}
