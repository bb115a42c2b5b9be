import type { ReadonlySignal } from '@preact/signals';
import type { LinkState } from '../../client/client.js';
import { plainText } from '../../model/plain-text.js';
import { NO_FILTER } from '../model/filter.js';
import { formatClock, formatElapsed, parseTime } from '../model/time.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { HOME } from '../state/router.js';
import { Icon, Link } from './parts.js';

/** A banner while the gateway is disconnected, or cannot send the newest state. */
export function DisconnectedBanner({ link }: { readonly link: ReadonlySignal<LinkState> }) {
  const { now } = usePage();
  const { state, since, error } = link.value;
  if (state !== 'lost') return null;
  return (
    <div class="banner tone-warn" role="alert">
      <Icon name="LINK" />
      <p>
        <strong>No updates from the gateway since {formatClock(since)}.</strong> This page shows the state at
        that time and continues by itself.
        <span class="banner-note">
          <span aria-hidden="true">{formatElapsed(now.value - since)} · </span>
          {plainText(error ?? '')}
        </span>
      </p>
    </div>
  );
}

/** A banner while the gateway is not connected to a Session's Tilt. */
export function TiltBanner({ connection, status }: Pick<Session, 'connection' | 'status'>) {
  const { state, since, error } = connection;
  if (state === 'LIVE') return null;
  const clock = formatClock(parseTime(since) ?? 0);
  const isEnd = state === 'GONE' && status.done;
  return (
    <div class={`banner ${isEnd ? '' : 'tone-warn'}`} role="status">
      <Icon name={state === 'GONE' ? 'INACTIVE' : 'LINK'} />
      <p>
        <strong>{state === 'GONE' ? `Tilt exited at ${clock}.` : `Stale since ${clock}.`}</strong>{' '}
        {state === 'GONE'
          ? 'This is its last state.'
          : 'The gateway lost the connection to this Tilt. This is the last known state.'}
        {error !== null && !isEnd && <span class="banner-note">{plainText(error)}</span>}
      </p>
    </div>
  );
}

/** The list of Sessions while it is empty. */
export function NoSessions() {
  return (
    <section class="empty">
      <Icon name="WAITING" />
      <h2>No sessions yet</h2>
      <p>
        Run <code>tilt up</code> or <code>tilt ci</code>; the session appears here.
      </p>
    </section>
  );
}

/** A list without a match for the filter. */
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

/** The page of a Session that does not exist. */
export function SessionNotFound({ id }: { readonly id: string }) {
  return (
    <main>
      <section class="empty">
        <Icon name="UNKNOWN" />
        <h1>Session {id} not found</h1>
        <p>
          Its Tilt has not started yet, or has exited and expired. The session appears here once Tilt runs.
        </p>
        <Link class="button" to={HOME}>
          All sessions
        </Link>
      </section>
    </main>
  );
}

/** The page until the first data arrives. */
export function Loading() {
  const { board } = usePage();
  const { state, error } = board.link.value;
  return (
    <main aria-busy="true">
      <section class="empty">
        {state === 'lost' ? <Icon name="LINK" /> : <span class="loader" aria-hidden="true" />}
        <h1>{state === 'lost' ? 'The gateway cannot be reached' : 'Connecting to the gateway'}</h1>
        {state === 'lost' && <p>{error ?? 'Reconnecting.'}</p>}
      </section>
    </main>
  );
}

/** The page after an error that ends all updates. */
export function Rejected({ message }: { readonly message: string }) {
  return (
    <main>
      <section class="empty" role="alert">
        <Icon name="FAILED" />
        <h1>The gateway rejected the request</h1>
        <p>{message}</p>
        <button type="button" class="button" onClick={() => location.reload()}>
          Try again
        </button>
      </section>
    </main>
  );
}
