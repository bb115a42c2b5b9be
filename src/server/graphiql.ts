import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Compression } from './compression.js';
import { VARY } from './http/answer.js';
import { type CompressedFile, compressFile, sendFile } from './http/compressed-file.js';

/** The GraphiQL page. */
interface GraphiQLPage {
  /** Answers with the page. */
  serve(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Creates the GraphiQL page from Yoga's offline build, which fetches nothing from other hosts. It has 9 MB of
 * script, so it is loaded with the first request, kept compressed, and cached by browsers (ETag).
 */
export function createGraphiQLPage(compression: Pick<Compression, 'codingOf'>): GraphiQLPage {
  let page: Promise<CompressedFile> | null = null;
  return {
    async serve(request, response) {
      page ??= render().catch((error) => {
        // The next request retries: a file may have been unavailable.
        page = null;
        throw error;
      });
      const file = await page;
      response.setHeaders(new Map(Object.entries(SECURITY_HEADERS)));
      // The address of the page is that of the endpoint.
      await sendFile(file, request, response, compression, VARY);
    },
  };
}

/** GraphiQL runs inline scripts, so the policy of the dashboard is not possible. */
const SECURITY_HEADERS = {
  'content-security-policy': "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

async function render(): Promise<CompressedFile> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    title: 'tilt-graphql',
    // Relative to the page, which has the path of the endpoint: a proxy may add a prefix.
    endpoint: 'graphql',
    subscriptionsProtocol: 'WS',
    defaultTabs: exampleTabs,
  });
  return compressFile(html.replace('</title>', `</title>${SIGN_IN_OFFER}`), 'text/html; charset=utf-8');
}

/**
 * Script that runs before GraphiQL's own. It offers to sign in if the token is missing or has expired, which
 * it detects by responses with status 401 and by WebSockets closed with 4401 or 4403.
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

/** Tab of GraphiQL. */
interface Tab {
  readonly query: string;
  readonly variables?: string;
}

/** Tabs that GraphiQL shows at the first visit, from the verdict to live changes. */
export const exampleTabs: Tab[] = [
  {
    query: `# The verdict of each Session, with its reason. Run it with Ctrl-Enter.
query Verdict {
  sessions {
    nodes {
      id
      verdict { state final reason }
      connection { state since error }
      cluster { error }
      counts { total waiting untriggered running ready succeeded failed retrying }
    }
  }
}
`,
  },
  {
    query: `# Targets that have failed or are not ready, and what each waits for.
query Blockers {
  targets(where: { phase: [FAILED, RETRYING, WAITING, RUNNING] }) {
    id
    phase
    resources
    blockedBy { name }
    rootCause { name phase }
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
    query: `# Live updates: the current state, then its changes. A client that clears on reset and applies the changes holds the newest state.
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
    query: `# Labels and links of each resource, and its page in Tilt's own UI.
query Resources {
  sessions {
    nodes {
      id
      resources {
        name
        labels
        kind
        triggerMode
        hasPendingChanges
        links { name url }
        tiltUrl
      }
    }
  }
}
`,
  },
  {
    query: `# Durations, and the history of each target.
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
    query: `# The last lines of the log, then new ones. The gateway reads the logs of Tilts with --logs; the demo has one.
subscription Log {
  log(last: 20) {
    isAvailable
    reset
    dropped
    lines { time level resource text }
  }
}
`,
  },
  {
    query: `# The sources of the gateway.
query Gateway {
  gateway {
    version
    sources { name state since error sessionCount unavailable }
  }
}
`,
  },
];
