import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CompressedFile, compressFile, sendFile } from './http/compressed-file.js';

/** The GraphiQL page. */
interface GraphiQLPage {
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

/**
 * A script for GraphiQL's page, in front of its own: when the token is missing or has expired, it offers to sign in. It looks
 * at what the page itself sees: answers of status 401, and WebSockets that close with 4401 or 4403.
 */
const SIGN_IN_OFFER = `
<script>
(() => {
  const offer = () => {
    if (document.getElementById('sign-in-offer')) return;
    const bar = document.createElement('div');
    bar.id = 'sign-in-offer';
    bar.setAttribute('role', 'alert');
    bar.style.cssText =
      'position:fixed;inset:0 0 auto;z-index:9999;padding:.6rem;text-align:center;background:#fff3cd;color:#332701;font:16px system-ui';
    bar.textContent = 'You are signed out, or your token has expired. ';
    const link = document.createElement('a');
    link.href = location.href;
    link.textContent = 'Sign in';
    bar.append(link);
    document.body.append(bar);
  };
  const { fetch, WebSocket } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    if (response.status === 401) offer();
    return response;
  };
  globalThis.WebSocket = class extends WebSocket {
    constructor(...address) {
      super(...address);
      this.addEventListener('close', ({ code }) => {
        if (code === 4401 || code === 4403) offer();
      });
    }
  };
})();
</script>`;

/** A tab of GraphiQL, ready to run. */
interface Tab {
  readonly query: string;
  readonly variables?: string;
}

/** The tabs that a first visit to GraphiQL finds open: from "is it good?" to live changes. */
export const exampleTabs: Tab[] = [
  {
    query: `# Is it good? And if not, why? Run it with Ctrl-Enter.
query Verdict {
  sessions {
    nodes {
      id
      verdict { state final reason }
      connection { state since error }
      counts { total waiting running ready succeeded failed retrying }
    }
  }
}
`,
  },
  {
    query: `# What stands in the way: every target that has failed, or is awaited.
query Blockers {
  targets(where: { phase: [FAILED, RETRYING, WAITING, RUNNING] }) {
    id
    phase
    resources
    state {
      ... on TargetStateWaiting { summary }
      ... on TargetStateActive { summary }
      ... on TargetStateTerminated { summary }
    }
  }
}
`,
  },
  {
    query: `# Live: first everything, then what changes. Clear on reset, apply the changes, and you hold the newest state.
subscription Changes {
  sessionChanges {
    cursor
    reset
    changes {
      type
      session {
        id
        verdict { state reason }
        counts { waiting running ready succeeded failed }
      }
    }
  }
}
`,
  },
  {
    query: `# Where the time went, and what each target went through.
query Timeline {
  sessions {
    nodes {
      id
      status {
        startTime
        targets {
          name
          phase
          durationSeconds
          secondsToReady
          history(last: 20) { time phase }
        }
      }
    }
  }
}
`,
  },
  {
    query: `# Where the gateway reads from.
query Gateway {
  gateway {
    version
    sources { name state since error sessionCount }
  }
}
`,
  },
];
