import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../lib/log.js';
import type { Metrics } from '../../lib/metrics.js';
import { type Access, type Grant, isGrant } from './access.js';
import { allowOrigin, answerPreflight } from './cors.js';
import { cookieFor, cookieNameOf, tokensOf } from './credentials.js';
import { type GuardOptions, isForeignButAllowed, type Refusal, refusalOf } from './guard.js';
import { peerOf, type TrustedProxies } from './peer.js';
import { isPageVisit, refuse } from './refuse.js';
import { readSignIn } from './sign-in.js';
import type { CountClient, ExcessOf } from './socket-limits.js';

/** Who is let in, and how. */
export interface DoorOptions {
  readonly access: Access;
  readonly guard: GuardOptions;
  readonly proxies: TrustedProxies;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Which names a page may be called by: `allowed` ones; `any` for health checks, whose callers often know an address only;
 * `any with a token` where nothing is said without one, and a page that made its name point here (DNS rebinding) has none.
 */
export type HostRule = 'allowed' | 'any' | 'any with a token';

/** What every request passes before it is looked at: host, origin, how many connections, token. */
export interface Door {
  /**
   * Answers a request that is refused whoever sent it, and a browser that asks whether it may ask. False when it has
   * answered.
   */
  greet(request: IncomingMessage, response: ServerResponse, rule?: HostRule): boolean;
  /** Calls one of the two, at once unless a signature has to be verified. */
  admit(
    request: IncomingMessage,
    welcome: (grant: Grant) => void,
    turnAway: (refusal: Refusal) => void,
  ): void;
  /**
   * The same for an upgrade to WebSocket. Its tokens are not checked yet: `connection_init` may bring a better one, and a
   * browser cannot see the status of an upgrade that is refused.
   */
  admitUpgrade(
    request: IncomingMessage,
    welcome: (tokens: readonly string[]) => void,
    turnAway: (refusal: Refusal) => void,
  ): void;
  /** Whether a page visit is to a link with a token that has to become a cookie. */
  isLink(request: IncomingMessage): boolean;
  /** Answers a link with a token: the token becomes a cookie, and the address is shown without it. */
  openByLink(request: IncomingMessage, response: ServerResponse, turnAway: (refusal: Refusal) => void): void;
  /** Answers a sign-in form: its token becomes a cookie. `turnAway` also gets the page that the form was meant for. */
  signIn(
    request: IncomingMessage,
    response: ServerResponse,
    pages: readonly [string, ...string[]],
    turnAway: (refusal: Refusal, page: string) => void,
  ): void;
}

/**
 * Watches over requests.
 *
 * @param excessOf why a connection is refused; null where it is within the limits
 * @param countClient counts what clients behind trusted proxies have open
 */
export function createDoor(options: DoorOptions, excessOf: ExcessOf, countClient: CountClient): Door {
  const { access, guard, proxies, log, metrics } = options;
  const anyHost = { ...guard, hosts: ['*'] };

  return {
    greet(request, response, rule = 'allowed') {
      const { origin } = request.headers;
      const isCrossOrigin = isForeignButAllowed(origin, guard);
      // First of all, since a page sees nothing of an answer without: neither why it is refused, nor when to try again.
      if (isCrossOrigin) allowOrigin(response, origin);
      const isAnyHost = rule === 'any' || (rule === 'any with a token' && !access.isOpen);
      const refusal = refusalAtDoor(request, response, isAnyHost ? anyHost : guard);
      if (isCrossOrigin && request.method === 'OPTIONS' && (refusal === null || isExcess(refusal))) {
        // The request after it is refused, which the page can see.
        if (refusal) response.setHeader('connection', 'close');
        answerPreflight(request, response);
        return false;
      }
      if (refusal) turnAwayFrom(request, response, refusal);
      return refusal === null;
    },
    admit(request, welcome, turnAway) {
      settle(access.check(access.isOpen ? [] : credentialsOf(request)), welcome, turnAway);
    },
    admitUpgrade(request, welcome, turnAway) {
      const refusal = refusalAtDoor(request, null, guard);
      if (refusal) {
        metrics.refused(refusal.code);
        turnAway(refusal);
        return;
      }
      welcome(access.isOpen ? [] : credentialsOf(request));
    },
    isLink: (request) => !access.isOpen && isPageVisit(request) && hasToken(request),
    openByLink(request, response, turnAway) {
      const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
      const query = new URLSearchParams(search);
      const token = query.get('token') ?? '';
      query.delete('token');
      const page = path.slice(path.lastIndexOf('/') + 1);
      const rest = query.size > 0 ? `?${query}` : '';
      settle(
        access.check([token]),
        () => sendCookie(request, response, token, `${page === '' ? './' : page}${rest}`),
        turnAway,
      );
    },
    signIn(request, response, pages, turnAway) {
      readSignIn(
        request,
        pages,
        ({ token, page }) =>
          settle(
            access.check([token]),
            () => sendCookie(request, response, token, page),
            (refusal) => turnAway(refusal, page),
          ),
        () => refuse(request, response, NO_FORM),
      );
    },
  };

  function refusalAtDoor(
    request: IncomingMessage,
    response: ServerResponse | null,
    rules: GuardOptions,
  ): Refusal | null {
    const peer = peerOf(request, proxies);
    if (hasSeveralHosts(request)) return SEVERAL_HOSTS;
    const excess = excessOf(request.socket) ?? countClient(peer, request.socket, response);
    return excess ?? refusalOf(request.headers, peer, rules);
  }

  /** The address that is shown next is relative: a proxy may have stripped what it began with (RFC 9110, section 10.2.2). */
  function sendCookie(
    request: IncomingMessage,
    response: ServerResponse,
    token: string,
    location: string,
  ): void {
    response.writeHead(303, {
      location,
      'set-cookie': cookieFor(token, portOf(request), peerOf(request, proxies).isSecure),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    response.end();
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
}

/** RFC 9112, section 3.2: a request with several Host lines is answered with 400. Node.js would take the first. */
function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

function isExcess({ code }: Refusal): boolean {
  return code === 'TOO_MANY_CONNECTIONS';
}

const SEVERAL_HOSTS: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected one Host header, got several.',
};

const NO_FORM: Refusal = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected a POST of a form with a token.',
};

function credentialsOf(request: IncomingMessage): readonly string[] {
  return tokensOf(request.headers, cookieNameOf(portOf(request)));
}

function hasToken({ url = '/' }: IncomingMessage): boolean {
  return /[?&]token=/.test(url);
}

function portOf({ socket }: IncomingMessage): number {
  return socket.localPort ?? 0;
}
