import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../../lib/metrics.js';
import type { Access } from './access.js';
import type { Rejection } from './allow-list.js';
import { createCookie, MAX_COOKIE } from './credentials.js';
import { resolvePeer, type TrustedProxies } from './peer.js';
import { isPageVisit, reject } from './reject.js';
import type { OnRejection, RequestGuard } from './request-guard.js';
import { readSignIn } from './sign-in.js';

/** Dependencies of {@link createCookieSignIn}. */
export interface CookieSignInOptions {
  readonly access: Pick<Access, 'isOpen' | 'seal'>;
  readonly proxies: TrustedProxies;
  readonly metrics: Pick<Metrics, 'rejected'>;
}

/** Turns a valid token into a cookie, with which a browser opens all pages. */
export interface CookieSignIn {
  /** Whether a request is a page visit by a link with a token, which must become a cookie. */
  isLink(request: IncomingMessage): boolean;
  /** Answers a link with a token: sets the cookie and redirects to the same address without the token. */
  byLink(request: IncomingMessage, response: ServerResponse, onRejection: OnRejection): void;
  /**
   * Answers a sign-in form: its token becomes a cookie. `onRejection` also receives the page that the form
   * names.
   *
   * @param pages pages that the form may name
   */
  byForm(
    request: IncomingMessage,
    response: ServerResponse,
    pages: readonly [string, ...string[]],
    onRejection: (rejection: Rejection, page: string) => void,
  ): void;
}

/** Creates the sign-in by cookie. */
export function createCookieSignIn(
  { authenticateToken }: Pick<RequestGuard, 'authenticateToken'>,
  { access, proxies, metrics }: CookieSignInOptions,
): CookieSignIn {
  return {
    isLink: (request) => !access.isOpen && isPageVisit(request) && hasToken(request),
    byLink(request, response, onRejection) {
      const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
      const query = new URLSearchParams(search);
      // A token has no spaces: a space is a `+` that the link does not encode.
      const token = (query.get('token') ?? '').replaceAll(' ', '+');
      query.delete('token');
      const page = path.slice(path.lastIndexOf('/') + 1);
      const rest = query.size > 0 ? `?${query}` : '';
      const location = `${page === '' ? './' : page}${rest}`;
      authenticateToken(
        token,
        () => sendCookie(request, response, { token, location }, onRejection),
        onRejection,
      );
    },
    byForm(request, response, pages, onRejection) {
      readSignIn(
        request,
        pages,
        ({ token, page }) => {
          const rejectForm = (rejection: Rejection) => onRejection(rejection, page);
          authenticateToken(
            token,
            () => sendCookie(request, response, { token, location: page }, rejectForm),
            rejectForm,
          );
        },
        () => {
          metrics.rejected(NOT_A_FORM.code);
          reject(request, response, NOT_A_FORM);
        },
      );
    },
  };

  /**
   * Redirects to a relative address, because a proxy can have stripped a prefix (RFC 9110, section 10.2.2).
   */
  function sendCookie(
    request: IncomingMessage,
    response: ServerResponse,
    { token, location }: SignedIn,
    onRejection: OnRejection,
  ): void {
    const { isSecure } = resolvePeer(request, proxies);
    const cookie = createCookie(token, request.socket.localPort ?? 0, isSecure, access.seal.seal);
    if (cookie.length > MAX_COOKIE) {
      const rejection = tooLong(cookie.length);
      metrics.rejected(rejection.code);
      onRejection(rejection);
      return;
    }
    response.writeHead(303, {
      location,
      'set-cookie': cookie,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    });
    response.end();
  }
}

/** A valid token, and the page that it opens. */
interface SignedIn {
  readonly token: string;
  readonly location: string;
}

/** Without this rejection, a browser that ignores the cookie would show the sign-in form again and again. */
function tooLong(length: number): Rejection {
  return {
    status: 400,
    code: 'BAD_REQUEST',
    message: `The token is valid, but too long for a cookie: it needs ${length} characters, and browsers store ${MAX_COOKIE}. Use a token with fewer claims.`,
  };
}

const NOT_A_FORM: Rejection = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Expected a POST of a form with a token.',
};

function hasToken({ url = '/' }: IncomingMessage): boolean {
  return /[?&]token=/.test(url);
}
