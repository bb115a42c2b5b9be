import { useState } from 'preact/hooks';
import { usePage } from '../state/page.js';

/** Asks for the token. The gateway turns it into a cookie, which scripts cannot read. */
export function SignIn() {
  const { router } = usePage();
  const [refusal, setRefusal] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);

  const submit = async (token: string) => {
    setAsking(true);
    const reason = await refusalOf(token);
    setAsking(false);
    setRefusal(reason);
    if (reason === null) location.assign(addressWith(token, router.hrefOf({})));
  };

  return (
    <main>
      <section class="empty">
        <h1>Sign in</h1>
        <p>
          This gateway asks for a token. It printed a link with one at its start, or whoever runs it has given
          you one.
        </p>
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

/** Why a token does not let in, in one line; null when it does. Asked beforehand, so that a slip does not lose the page. */
async function refusalOf(token: string): Promise<string | null> {
  const invalid = 'This token is not valid here.';
  // What cannot stand in a header is none.
  if (!/^[\x21-\x7e]+$/.test(token)) return invalid;
  try {
    const { status } = await fetch('graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"query":"{ __typename }"}',
    });
    if (status === 401 || status === 403) return invalid;
    return status >= 500 ? 'The gateway cannot check tokens at the moment. Try again.' : null;
  } catch {
    return 'The gateway cannot be reached. Try again.';
  }
}

function addressWith(token: string, search: string): string {
  const query = new URLSearchParams(search);
  query.set('token', token);
  return `./?${query}`;
}
