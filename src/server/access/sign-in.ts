import type { IncomingMessage, ServerResponse } from 'node:http';
import { readBody } from '../http/body.js';

/** The longest sign-in form that is read, in bytes: as long as a request's headers may be. */
const MAX_FORM = 16_384;

/** What a sign-in form carries. */
export interface SignInForm {
  readonly token: string;
  /** The page to go on to, relative to the form's address. */
  readonly page: string;
}

/**
 * Reads a sign-in form: `token=…&page=graphql`, as a browser posts it. In its body a token stands in no log of a proxy and
 * in no history, and it works where an `Authorization` header is a proxy's own (basic authentication).
 *
 * @param pages the pages that it may go on to; anything else means the first one
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
 * Answers a visit with a page that asks for the token. It needs no script, so it works for GraphiQL as for a bare page.
 *
 * @param action the address of the form, relative to the page
 * @param page what to go on to
 */
export function sendSignInPage(
  request: IncomingMessage,
  response: ServerResponse,
  { message, action, page }: { readonly message: string; readonly action: string; readonly page: string },
): void {
  const body = pageOf(message, action, page);
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

function pageOf(message: string, action: string, page: string): string {
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
<p role="alert">${escaped(message)}</p>
<form method="post" action="${escaped(action)}">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<input type="hidden" name="page" value="${escaped(page)}">
<button type="submit">Sign in</button>
</form>
</main>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
