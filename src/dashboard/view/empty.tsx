import { NO_FILTER } from '../model/filter.js';
import { usePage } from '../state/page.js';
import { HOME } from '../state/router.js';
import { Icon } from './badges.js';
import { Link } from './link.js';

/** There is no Session yet. */
export function NoSessions() {
  return (
    <section class="empty">
      <Icon name="WAITING" />
      <h2>No sessions yet</h2>
      <p>
        Start a Tilt, with <code>tilt up</code> or <code>tilt ci</code>: it appears here by itself.
      </p>
    </section>
  );
}

/** A filter lets nothing through. */
export function NoMatch({ what }: { readonly what: string }) {
  const { router } = usePage();
  return (
    <section class="empty">
      <Icon name="SEARCH" />
      <h2>No {what} matches</h2>
      <button type="button" class="button" onClick={() => router.go(NO_FILTER)}>
        Clear the filter
      </button>
    </section>
  );
}

/** There is no Session of this id. */
export function NoSuchSession({ id }: { readonly id: string }) {
  return (
    <main>
      <section class="empty">
        <Icon name="UNKNOWN" />
        <h1>No session {id}</h1>
        <p>
          Its Tilt may not have started yet, or has left for good. It appears here as soon as it is there.
        </p>
        <Link class="button" to={HOME}>
          All sessions
        </Link>
      </section>
    </main>
  );
}

/** Nothing is known yet. */
export function Loading() {
  const { board } = usePage();
  const { state, error } = board.link.value;
  return (
    <main aria-busy="true">
      <section class="empty">
        {state === 'lost' ? <Icon name="LINK" /> : <span class="loader" aria-hidden="true" />}
        <h1>{state === 'lost' ? 'The gateway cannot be reached' : 'Connecting to the gateway'}</h1>
        {state === 'lost' && <p>{error ?? 'It is tried again and again.'}</p>}
      </section>
    </main>
  );
}

/** There will be no more news. */
export function Broken({ message }: { readonly message: string }) {
  return (
    <main>
      <section class="empty" role="alert">
        <Icon name="FAILED" />
        <h1>The gateway refused</h1>
        <p>{message}</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Try again
        </button>
      </section>
    </main>
  );
}
