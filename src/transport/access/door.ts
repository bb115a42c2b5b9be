import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../log.js';
import type { Metrics } from '../../metrics.js';
import { type Access, type Grant, isGrant } from './access.js';
import { cookieFor, cookieNameOf, tokenOf } from './credentials.js';
import { type GuardOptions, isForeignButAllowed, type Refusal, refusalOf } from './guard.js';
import { type Peer, peerOf, type TrustedProxies } from './peer.js';
import { isPageVisit, refuse } from './refuse.js';
import type { ExcessOf } from './socket-limits.js';

/** Who is let in, and how. */
export interface DoorOptions {
  readonly access: Access;
  readonly guard: GuardOptions;
  readonly proxies: TrustedProxies;
  readonly pathPrefix: string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What every request passes before it is looked at: host, origin, how many connections, token. */
export interface Door {
  /**
   * Answers a request that is refused whoever sent it, a browser that asks whether it may ask, and a link with a token.
   * False when it has answered.
   */
  greet(request: IncomingMessage, response: ServerResponse): boolean;
  /** Calls one of the two, at once unless keys have to be fetched first. */
  admit(
    request: IncomingMessage,
    welcome: (grant: Grant) => void,
    turnAway: (refusal: Refusal) => void,
  ): void;
  /** The same for an upgrade to WebSocket, which may bring its token later: then the grant is null. */
  admitUpgrade(
    request: IncomingMessage,
    welcome: (grant: Grant | null) => void,
    turnAway: (refusal: Refusal) => void,
  ): void;
}

/** How long a browser need not ask again whether it may ask, in seconds. */
const PREFLIGHT_SECONDS = 600;

/**
 * Watches over requests.
 *
 * @param excessOf why a connection is refused; null where it is within the limits
 */
export function createDoor(options: DoorOptions, excessOf: ExcessOf): Door {
  const { access, guard, proxies, pathPrefix, log, metrics } = options;

  return {
    greet(request, response) {
      const peer = peerOf(request, proxies);
      const refusal = refusalAtDoor(request, peer);
      if (refusal) turnAwayFrom(request, response, refusal);
      else if (isForeignButAllowed(request.headers.origin, guard)) return allowOrigin(request, response);
      else if (!access.isOpen && isPageVisit(request) && hasToken(request))
        openByLink(request, response, peer);
      else return true;
      return false;
    },
    admit(request, welcome, turnAway) {
      const token = access.isOpen ? null : tokenOf(request.headers, cookieNameOf(portOf(request)));
      settle(access.check(token), welcome, turnAway);
    },
    admitUpgrade(request, welcome, turnAway) {
      const refusal = refusalAtDoor(request, peerOf(request, proxies));
      if (refusal) {
        metrics.refused(refusal.code);
        turnAway(refusal);
        return;
      }
      const token = tokenOf(request.headers, cookieNameOf(portOf(request)));
      if (token === null && !access.isOpen) welcome(null);
      else settle(access.check(token), welcome, turnAway);
    },
  };

  function refusalAtDoor(request: IncomingMessage, peer: Peer): Refusal | null {
    return excessOf(request.socket) ?? refusalOf(request.headers, peer, guard);
  }

  function settle(
    outcome: Grant | Refusal | Promise<Grant | Refusal>,
    welcome: (grant: Grant) => void,
    turnAway: (refusal: Refusal) => void,
  ): void {
    if (outcome instanceof Promise) outcome.then(then).catch(fail);
    else then(outcome);

    function then(known: Grant | Refusal): void {
      if (isGrant(known)) {
        welcome(known);
        return;
      }
      metrics.refused(known.code);
      turnAway(known);
    }

    function fail(error: unknown): void {
      log('error', 'a token could not be checked', { error });
      turnAway({ status: 503, code: 'UNAUTHENTICATED', message: 'Tokens cannot be checked at the moment.' });
    }
  }

  function turnAwayFrom(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    metrics.refused(refusal.code);
    refuse(request, response, refusal);
  }

  /** Lets a page of an origin that may ask read the answers (the CORS protocol of the Fetch standard). */
  function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader('access-control-allow-origin', String(request.headers.origin));
    response.setHeader('access-control-expose-headers', 'etag, x-request-id');
    if (request.method !== 'OPTIONS') return true;
    response.writeHead(204, {
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'accept, authorization, content-type, last-event-id, x-request-id',
      'access-control-max-age': String(PREFLIGHT_SECONDS),
      vary: 'origin',
    });
    response.end();
    return false;
  }

  /** A link that the gateway printed: its token becomes a cookie, and the address is shown without it. */
  function openByLink(request: IncomingMessage, response: ServerResponse, { isSecure }: Peer): void {
    const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
    const query = new URLSearchParams(search);
    const token = query.get('token') ?? '';
    query.delete('token');
    settle(
      access.check(token),
      () => {
        response.writeHead(303, {
          // Two slashes at the start, to browsers backslashes too, would be another host's address.
          location: `${path.replace(/^[/\\]*/, '/')}${query.size > 0 ? `?${query}` : ''}`,
          'set-cookie': cookieFor(token, portOf(request), `${pathPrefix}/`, isSecure),
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
        });
        response.end();
      },
      (refusal) => refuse(request, response, refusal),
    );
  }
}

function hasToken({ url = '/' }: IncomingMessage): boolean {
  return /[?&]token=/.test(url);
}

function portOf({ socket }: IncomingMessage): number {
  return socket.localPort ?? 0;
}
