import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../http/body.js';

/** Longest sign-in form, in bytes: the default limit of a request's headers. */
const MAX_FORM = 16_384;

/** Fields of a sign-in form. */
export interface SignInForm {
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
export function readSignIn(
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
