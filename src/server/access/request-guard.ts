import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../../lib/log.js';
import type { Metrics } from '../../lib/metrics.js';
import { type Access, type Grant, isGrant } from './access.js';
import { type AllowList, findRejection, isAllowedCrossOrigin, type Rejection } from './allow-list.js';
import { allowOrigin, answerPreflight } from './cors.js';
import { cookieName, NO_TOKENS, readTokens } from './credentials.js';
import { resolvePeer, type TrustedProxies } from './peer.js';
import { reject } from './reject.js';
import type { CountClient, OverLimit } from './socket-limits.js';

/** Dependencies of {@link createRequestGuard}. */
export interface RequestGuardOptions {
  readonly access: Access;
  readonly guard: AllowList;
  readonly proxies: TrustedProxies;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * Hosts under which a page may be requested: `allowed` ones; `any` for health checks, whose callers often
 * know only an address; `any with a token` for pages that show nothing without a token. A page that points
 * its own name at the gateway (DNS rebinding) has no token.
 */
export type HostRule = 'allowed' | 'any' | 'any with a token';

/** Receives the rejection of a request. */
export type OnRejection = (rejection: Rejection) => void;

/** Checks each request before it is handled: host, origin, number of connections, token. */
export interface RequestGuard {
  /**
   * Checks everything but the token. Answers a rejected request, and a CORS preflight. Returns false if it
   * has answered.
   *
   * @param rule default: `allowed`
   */
  preflight(request: IncomingMessage, response: ServerResponse, rule?: HostRule): boolean;
  /** Checks the token. Calls back in the same tick unless a signature must be verified. */
  authenticate(request: IncomingMessage, onGrant: (grant: Grant) => void, onRejection: OnRejection): void;
  /**
   * Checks everything but the token of a WebSocket handshake, and passes its tokens on: `connection_init` can
   * bring a better one, and browsers hide the status of a rejected handshake.
   */
  preflightUpgrade(
    request: IncomingMessage,
    onTokens: (tokens: readonly string[]) => void,
    onRejection: OnRejection,
  ): void;
  /** Checks a token that is not in the headers, as `authenticate` does. */
  authenticateToken(token: string, onGrant: (grant: Grant) => void, onRejection: OnRejection): void;
}

/**
 * Creates the guard of all requests.
 *
 * @param overLimit returns the rejection of a connection above the limits, or null
 * @param countClient counts what clients behind trusted proxies have open
 */
export function createRequestGuard(
  options: RequestGuardOptions,
  overLimit: OverLimit,
  countClient: CountClient,
): RequestGuard {
  const { access, guard, proxies, log, metrics } = options;
  const anyHost = { ...guard, hosts: ['*'] };

  return {
    preflight(request, response, rule = 'allowed') {
      const { origin } = request.headers;
      const isCrossOrigin = isAllowedCrossOrigin(origin, guard);
      // Before anything else: without these headers a page sees neither the reason of a rejection nor when to
      // retry.
      if (isCrossOrigin) allowOrigin(response, origin);
      const isAnyHost = rule === 'any' || (rule === 'any with a token' && !access.isOpen);
      const rejection = check(request, response, isAnyHost ? anyHost : guard);
      if (isCrossOrigin && request.method === 'OPTIONS' && (rejection === null || isOverLimit(rejection))) {
        // The actual request is rejected then, with a reason that the page can read.
        if (rejection) response.setHeader('connection', 'close');
        answerPreflight(request, response);
        return false;
      }
      if (rejection) {
        metrics.rejected(rejection.code);
        reject(request, response, rejection);
      }
      return rejection === null;
    },
    authenticate(request, onGrant, onRejection) {
      settle(access.check(tokensOf(request)), onGrant, onRejection);
    },
    preflightUpgrade(request, onTokens, onRejection) {
      const rejection = check(request, null, guard);
      if (rejection) {
        metrics.rejected(rejection.code);
        onRejection(rejection);
        return;
      }
      onTokens(tokensOf(request));
    },
    authenticateToken(token, onGrant, onRejection) {
      settle(access.check([token]), onGrant, onRejection);
    },
  };

  function check(
    request: IncomingMessage,
    response: ServerResponse | null,
    allowed: AllowList,
  ): Rejection | null {
    const peer = resolvePeer(request, proxies);
    if (hasSeveralHosts(request)) return SEVERAL_HOSTS;
    const excess = overLimit(request.socket) ?? countClient(peer, request.socket, response);
    return excess ?? findRejection(request.headers, peer, allowed);
  }

  function tokensOf(request: IncomingMessage): readonly string[] {
    if (access.isOpen) return NO_TOKENS;
    return readTokens(request.headers, cookieName(request.socket.localPort ?? 0), access.seal.open);
  }

  function settle(
    outcome: Grant | Rejection | Promise<Grant | Rejection>,
    onGrant: (grant: Grant) => void,
    onRejection: OnRejection,
  ): void {
    if (outcome instanceof Promise) outcome.then(finish).catch(fail);
    else finish(outcome);

    function finish(known: Grant | Rejection): void {
      if (isGrant(known)) {
        onGrant(known);
        return;
      }
      metrics.rejected(known.code);
      onRejection(known);
    }

    function fail(error: unknown): void {
      log('error', 'a token could not be checked', { error });
      metrics.rejected(UNCHECKED.code);
      onRejection(UNCHECKED);
    }
  }
}

/**
 * RFC 9112, section 3.2: a request with several Host lines is answered with 400. Node.js would use the first.
 */
function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

function isOverLimit({ code }: Rejection): boolean {
  return code === 'TOO_MANY_CONNECTIONS';
}

const UNCHECKED: Rejection = {
  status: 503,
  code: 'UNAUTHENTICATED',
  message: 'Tokens cannot be checked at the moment.',
};

const SEVERAL_HOSTS: Rejection = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected one Host header, got several.',
};
