import { useState } from 'preact/hooks';
import { parseErrors } from '../../client/client-error.js';
import { isRecord } from '../../lib/is-record.js';
import { usePage } from '../state/page.js';

/** The sign-in form. The gateway stores the token in a cookie that scripts cannot read. */
export function SignIn() {
  const { board } = usePage();
  const [error, setError] = useState<string | null>(null);
  const [isPending, setPending] = useState(false);

  const submit = async (token: string) => {
    setPending(true);
    const reason = await signIn(token);
    setPending(false);
    setError(reason);
    if (reason === null) location.reload();
  };

  return (
    <main>
      <section class="empty">
        <h1>Sign in</h1>
        <p>
          This gateway requires a token. It is in the link that the gateway printed when it started; otherwise
          ask the operator of the gateway.
        </p>
        {board.sessions.value !== null && (
          <p role="status">You were signed out. {board.error.value?.message}</p>
        )}
        <form
          class="sign-in"
          onSubmit={(event) => {
            event.preventDefault();
            const given = new FormData(event.currentTarget).get('token');
            void submit(typeof given === 'string' ? given.trim() : '');
          }}
        >
          <label for="token">Token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            aria-invalid={error !== null}
            aria-describedby="sign-in-error"
          />
          <button type="submit" class="button primary" disabled={isPending}>
            Sign in
          </button>
          <p id="sign-in-error" class="sign-in-error" role="alert">
            {error}
          </p>
        </form>
      </section>
    </main>
  );
}

/**
 * Signs in with a form, as the gateway's sign-in page does: behind a proxy with its own login, the
 * `Authorization` header belongs to the proxy. Returns the error in one line; null when the cookie is set.
 */
async function signIn(token: string): Promise<string | null> {
  try {
    const response = await fetch('sign-in', {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ token }),
      // The response redirects to this page.
      redirect: 'manual',
    });
    if (response.type === 'opaqueredirect') return null;
    return (
      parseErrorMessage(await response.text()) ?? `The gateway responded with status ${response.status}.`
    );
  } catch {
    return 'The gateway cannot be reached. Try again.';
  }
}

/** Parses the message of a GraphQL error; null for other responses, such as a proxy's. */
function parseErrorMessage(text: string): string | null {
  try {
    const response: unknown = JSON.parse(text);
    return parseErrors(isRecord(response) ? response.errors : null)?.[0]?.message ?? null;
  } catch {
    return null;
  }
}
