import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { createClient as createWsClient } from 'graphql-ws';
import type { Browser } from 'playwright-core';
import WebSocket from 'ws';
import { createClient } from '../../../src/client/client.js';
import { BIN, runCli, runCliToEnd } from '../../support/cli.js';
import { visitDashboard } from '../support/dashboard.js';
import type { Scene } from './scenarios.js';

/** An interface that shows a Session and stays open while the connection is lost. */
export interface Surface extends AsyncDisposable {
  /** Reads the state that the surface shows, in the notation of docs/guarantees.md. */
  read(): Promise<string>;
}

/** All surfaces, by name in docs/guarantees.md. */
export const SURFACES: Readonly<Record<string, (scene: Scene, browser: Browser) => Promise<Surface>>> = {
  query: async ({ origin, id }) => ({
    async read() {
      const query = `{ session(id: "${id}") { isDemo verdict { state } connection { state } } }`;
      const headers = { accept: 'application/json' };
      const response = await fetch(`${origin}/graphql?query=${encodeURIComponent(query)}`, { headers }).catch(
        () => null,
      );
      if (response === null) return 'request failed';
      const { data } = await response.json();
      return describeSession(data.session);
    },
    async [Symbol.asyncDispose]() {},
  }),
  async subscription({ origin, id }) {
    let shown = 'nothing yet';
    const url = `${origin.replace('http', 'ws')}/graphql`;
    const client = createWsClient({ url, webSocketImpl: WebSocket, retryAttempts: 0 });
    const query =
      'subscription ($id: ID) { session(id: $id) { isDemo verdict { state } connection { state } } }';
    client.subscribe<{ session: SessionWords | null }>(
      { query, variables: { id } },
      {
        next: ({ data }) => (shown = describeSession(data?.session ?? null)),
        error: () => (shown = 'connection lost'),
        complete: () => (shown = 'connection lost'),
      },
    );
    return { read: async () => shown, [Symbol.asyncDispose]: async () => client.dispose() };
  },
  async dashboard({ origin, id }, browser) {
    const visit = await visitDashboard(browser, origin, { search: `?session=${encodeURIComponent(id)}` });
    const none = visit.page.getByText(`Session ${id} not found`);
    const verdict = visit.page.locator('.verdict');
    return {
      async read() {
        const [isNone] = await none.allInnerTexts();
        if (isNone !== undefined) return 'no Session';
        const [word = 'nothing yet'] = await verdict.allInnerTexts();
        return word;
      },
      [Symbol.asyncDispose]: () => visit[Symbol.asyncDispose](),
    };
  },
  async watch({ origin, id }) {
    const command = runCli(['watch', '--output', 'json', '--session', id], { TILT_GRAPHQL_URL: origin });
    return {
      async read() {
        let [demo, link, verdict, connection]: (string | null | undefined)[] = [];
        for (const text of command.stdout.split('\n').slice(0, -1)) {
          const line: WatchLine = JSON.parse(text);
          if (line.demo) demo = 'demo';
          if (line.type === 'LINK') link = line.link;
          if (line.type === 'VERDICT') verdict = line.verdict;
          if (line.type === 'CONNECTION') connection = line.connection;
        }
        if (link === 'lost') return 'connection lost';
        return verdict == null ? 'no Session' : [demo, verdict, connection].filter(Boolean).join(', ');
      },
      [Symbol.asyncDispose]: () => command[Symbol.asyncDispose](),
    };
  },
  wait: async ({ origin, id }) => ({
    async read() {
      // Without --session, the only known Session is selected.
      const named = id.startsWith('demo/') ? [] : ['--session', id];
      const args = ['wait', '--for', 'ready', '--timeout', '4s', '--max-age', '1s', ...named];
      const { code } = await runCliToEnd(args, { TILT_GRAPHQL_URL: origin });
      return `exit code ${code}`;
    },
    async [Symbol.asyncDispose]() {},
  }),
  async MCP({ origin, id }) {
    const client = new Client({ name: 'test', version: '1' });
    const args = [BIN, 'mcp', '--url', `${origin}/graphql`];
    await client.connect(new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }));
    return {
      async read() {
        const { isError, content } = await client.callTool({ name: 'list_sessions', arguments: {} });
        const [first] = content;
        if (isError || first?.type !== 'text') return 'request failed';
        const { sessions }: { readonly sessions: readonly McpSession[] } = JSON.parse(first.text);
        const found = sessions.find((session) => session.id === id);
        if (!found) return 'no Session';
        return `${found.isDemo ? 'demo, ' : ''}${found.verdict}, ${found.connection}`;
      },
      [Symbol.asyncDispose]: () => client.close(),
    };
  },
  async client({ origin, id }) {
    const client = createClient({ url: `${origin}/graphql` });
    let shown = 'nothing yet';
    const following = (async () => {
      for await (const { session, link } of client.watchTargets({ session: id })) {
        shown = link.state === 'lost' ? 'connection lost' : describeSession(session);
      }
    })();
    return {
      read: async () => shown,
      async [Symbol.asyncDispose]() {
        client.close();
        await following;
      },
    };
  },
};

interface SessionWords {
  readonly isDemo: boolean;
  readonly verdict: { readonly state: string };
  readonly connection: { readonly state: string };
}

interface McpSession {
  readonly isDemo: boolean;
  readonly id: string;
  readonly verdict: string;
  readonly connection: string;
}

interface WatchLine {
  readonly type: string;
  readonly demo?: boolean;
  readonly link?: string;
  readonly verdict?: string | null;
  readonly connection?: string | null;
}

function describeSession(session: SessionWords | null): string {
  if (session === null) return 'no Session';
  const { isDemo, verdict, connection } = session;
  return [...(isDemo ? ['demo'] : []), verdict.state, connection.state].join(', ');
}
