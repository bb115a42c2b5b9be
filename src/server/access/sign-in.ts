import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '../../lib/metrics.js';
import { readBody } from '../http/body.js';
import type { Access } from './access.js';
import type { Rejection } from './allow-list.js';
import { createCookie, MAX_COOKIE } from './credentials.js';
import { resolvePeer, type TrustedProxies } from './peer.js';
import { isPageVisit, reject } from './reject.js';
import type { OnRejection, RequestGuard } from './request-guard.js';

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

/** Longest sign-in form, in bytes: the default limit of a request's headers. */
const MAX_FORM = 16_384;

/** Fields of a sign-in form. */
interface SignInForm {
  readonly token: string;
  /** Page to redirect to, relative to the form's address. */
  readonly page: string;
}

/**
 * Reads a sign-in form that a browser posts: `token=…&page=graphql`. A token in a body does not reach the
 * logs of proxies or the browser's history, and works where a proxy uses the `Authorization` header itself
 * (basic authentication).
 *
 * @param pages pages that a form may redirect to; any other value means the first one
 */
function readSignIn(
  request: IncomingMessage,
  pages: readonly [string, ...string[]],
  onForm: (form: SignInForm) => void,
  onInvalid: () => void,
): void {
  const length = Number(request.headers['content-length']);
  const type = request.headers['content-type'] ?? '';
  if (request.method !== 'POST' || !type.startsWith(FORM_TYPE) || !(length > 0 && length <= MAX_FORM)) {
    onInvalid();
    return;
  }
  readBody(request, length, (body) => {
    const fields = new URLSearchParams(body.toString());
    const asked = fields.get('page') ?? '';
    const page = pages.find((known) => known === asked) ?? pages[0];
    onForm({ token: (fields.get('token') ?? '').trim(), page });
  });
}

/**
 * Answers a page visit with a sign-in form, which needs no script.
 *
 * @param action address of the form, relative to the page
 * @param page page to redirect to after the sign-in
 */
export function sendSignInPage(
  request: IncomingMessage,
  response: ServerResponse,
  { message, action, page }: { readonly message: string; readonly action: string; readonly page: string },
): void {
  const body = renderPage(message, action, page);
  response.writeHead(401, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'content-security-policy': POLICY,
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'www-authenticate': 'Bearer realm="tilt-graphql"',
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

const FORM_TYPE = 'application/x-www-form-urlencoded';

const POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

function renderPage(message: string, action: string, page: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · tilt-graphql</title>
<link rel="icon" href="data:,">
<style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:15vh auto;padding:0 1rem}
input,button{font:inherit;padding:.4rem .6rem}input{width:100%;box-sizing:border-box;margin:.3rem 0 .8rem}</style>
</head>
<body>
<main>
<h1>Sign in</h1>
<p role="alert">${escapeHtml(message)}</p>
<form method="post" action="${escapeHtml(action)}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input type="hidden" name="page" value="${escapeHtml(page)}">
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
