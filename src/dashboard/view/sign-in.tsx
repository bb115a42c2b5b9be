import { useState } from 'preact/hooks';
import { parseErrors } from '../../client/client-error.js';
import { isRecord } from '../../lib/is-record.js';
import { usePage } from '../state/page.js';

/** Asks for the token. The gateway turns it into a cookie, which scripts cannot read. */
export function SignIn() {
  const { board } = usePage();
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);

  const submit = async (token: string) => {
    setAsking(true);
    const reason = await refusalOf(token);
    setAsking(false);
    setRefusal(reason);
    if (reason === null) location.reload();
  };

  return (
    <main>
      <section class="empty">
        <h1>Sign in</h1>
        <p>
          This gateway asks for a token. It printed a link with one at its start, or whoever runs it has given
          you one.
        </p>
        {board.sessions.value !== null && (
          <p role="status">You were signed out. {board.trouble.value?.message}</p>
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
            aria-invalid={refusal !== null}
            aria-describedby="refusal"
          />
          <button type="submit" class="button primary" disabled={isAsking}>
            Sign in
          </button>
          <p id="refusal" class="refusal" role="alert">
            {refusal}
          </p>
        </form>
      </section>
    </main>
  );
}

/**
 * Signs in, as the sign-in page of the gateway does: in a form, since behind a proxy with a login of its own the
 * `Authorization` header is the proxy's. Returns why it is refused, in one line; null when the cookie is set.
 */
async function refusalOf(token: string): Promise<string | null> {
  try {
    const response = await fetch('sign-in', {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ token }),
      // The answer leads to the page that is open already.
      redirect: 'manual',
    });
    if (response.type === 'opaqueredirect') return null;
    return messageIn(await response.text()) ?? `The gateway answered with status ${response.status}.`;
  } catch {
    return 'The gateway cannot be reached. Try again.';
  }
}

/** The message of a GraphQL error; null where the answer is something else, as of a proxy. */
function messageIn(text: string): string | null {
  try {
    const answer: unknown = JSON.parse(text);
    return parseErrors(isRecord(answer) ? answer.errors : null)?.[0]?.message ?? null;
  } catch {
    return null;
  }
}
