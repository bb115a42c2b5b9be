import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../lib/log.js';
import type { Metrics } from '../lib/metrics.js';
import type { Store } from '../store/store.js';
import type { Grant } from './access/access.js';
import type { Rejection } from './access/allow-list.js';
import { reject } from './access/reject.js';
import type { Compression } from './compression.js';
import { createDashboard } from './dashboard.js';
import { createGraphiQLPage } from './graphiql.js';
import type { Prometheus } from './prometheus.js';
import { pathOf, queryOf, REQUEST_ID_HEADER } from './request.js';

/** Path of the endpoint: GraphQL over HTTP, server-sent events and WebSocket, and GraphiQL for browsers. */
export const GRAPHQL_PATH = '/graphql';

/** The same path, relative to the home page. */
export const GRAPHQL_PAGE = GRAPHQL_PATH.slice(1);

/** Settings of the pages. */
export interface PagesOptions {
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'rejected'>;
  readonly compression: Compression;
  /** Source of the page `/metrics`. */
  readonly prometheus: Pick<Prometheus, 'serve'>;
  readonly store: Pick<Store, 'ready' | 'sources'>;
  /** Prefix of every path, such as `/tilt`; empty for none. */
  readonly pathPrefix: string;
  /** Whether browsers get GraphiQL at the endpoint. */
  readonly graphiql: boolean;
  /** Whether the dashboard is served. */
  readonly dashboard: boolean;
}

/** Answers a request whose host, origin and number of connections have been checked. */
export type ServePage = (request: IncomingMessage, response: ServerResponse) => void;

/** Handlers of everything but GraphQL itself. */
export interface Pages {
  /** Redirects `/tilt` to `/tilt/`. */
  readonly redirectIntoPrefix: ServePage;
  /** Serves the dashboard, or redirects to GraphiQL without one. */
  readonly home: ServePage;
  readonly asset: ServePage;
  /** Serves GraphiQL. Null if it is off. */
  readonly graphiql: ServePage | null;
  readonly metrics: (request: IncomingMessage, response: ServerResponse, grant: Grant) => void;
  readonly health: ServePage;
  readonly readiness: ServePage;
  readonly notFound: ServePage;
}

/** Creates the handlers. Files of the dashboard and GraphiQL are loaded with their first request. */
export function createPages({
  log,
  metrics,
  prometheus,
  store,
  pathPrefix,
  compression,
  ...options
}: PagesOptions): Pages {
  const graphiql = options.graphiql ? createGraphiQLPage(compression) : null;
  const dashboard = options.dashboard ? createDashboard(compression) : null;
  const home = `${pathPrefix}/`;

  return {
    // A relative address: a proxy can serve the gateway below another prefix.
    redirectIntoPrefix(request, response) {
      const folder = `./${pathPrefix.slice(pathPrefix.lastIndexOf('/') + 1)}/`;
      redirect(response, `${folder}${dashboard ? '' : GRAPHQL_PAGE}${queryOf(request)}`);
    },
    home(request, response) {
      serveFile('index.html', request, response, () => redirect(response, GRAPHQL_PAGE));
    },
    asset(request, response) {
      serveFile(pathOf(request).slice(home.length), request, response, () => notFound(request, response));
    },
    graphiql: graphiql
      ? (request, response) => {
          response.setHeader(REQUEST_ID_HEADER, String(request.headers[REQUEST_ID_HEADER]));
          graphiql.serve(request, response).catch(failWith(response, 'GraphiQL could not be served'));
        }
      : null,
    // The page names sources, so it needs a grant for all of them.
    metrics(request, response, { scope }) {
      if (scope.instances !== null) {
        metrics.rejected(METRICS_FORBIDDEN.code);
        reject(request, response, METRICS_FORBIDDEN);
        return;
      }
      prometheus
        .serve(response, compression.codingOf(request))
        .catch(failWith(response, 'the metrics could not be read'));
    },
    health: (_, response) => answer(response, 200, 'ok'),
    // It names no source, because it needs no token.
    readiness(_, response) {
      const sources = store.sources();
      const waiting = sources.filter(({ state }) => state !== 'live').length;
      if (store.ready) answer(response, 200, 'ok');
      else answer(response, 503, `waiting for the first snapshot of ${waiting} of ${sources.length} sources`);
    },
    notFound,
  };

  /** Serves a file of the dashboard. It contains no secret, so it needs no token. */
  function serveFile(
    name: string,
    request: IncomingMessage,
    response: ServerResponse,
    otherwise: () => void,
  ): void {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!dashboard || !isRead) {
      otherwise();
      return;
    }
    dashboard
      .serve(name, request, response)
      .then((isServed) => isServed || otherwise())
      .catch(failWith(response, 'the dashboard could not be served'));
  }

  function notFound(_: IncomingMessage, response: ServerResponse): void {
    answer(response, 404, `Not found. The GraphQL endpoint is ${pathPrefix}${GRAPHQL_PATH}`);
  }

  function failWith(response: ServerResponse, message: string): (error: unknown) => void {
    return (error) => {
      log('error', message, { error: String(error) });
      response.destroy();
    };
  }
}

const METRICS_FORBIDDEN: Rejection = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'The metrics require a token for all instances.',
};

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
}
