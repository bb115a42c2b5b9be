import { plainText } from '../../model/plain-text.js';
import { formatClock, formatElapsed, parseTime } from '../model/time.js';
import type { Session } from '../model/types.js';
import { usePage } from '../state/page.js';
import { Icon } from './badges.js';

/** Says that there is no link to the gateway, and since when. */
export function LinkBanner() {
  const { board, now } = usePage();
  const { state, since, error } = board.link.value;
  if (state !== 'lost') return null;
  return (
    <div class="banner tone-warn" role="alert">
      <Icon name="LINK" />
      <p>
        <strong>No link to the gateway since {formatClock(since)}.</strong> What you see is as of then; the
        page catches up by itself as soon as the gateway is back.
        <span class="banner-note">
          <span aria-hidden="true">{formatElapsed(now.value - since)} · </span>
          {plainText(error ?? '')}
        </span>
      </p>
    </div>
  );
}

/** Says that the gateway has no link to a Session's Tilt, and since when. */
export function ConnectionBanner({ connection, status }: Pick<Session, 'connection' | 'status'>) {
  const { state, since, error } = connection;
  if (state === 'LIVE') return null;
  const clock = formatClock(parseTime(since) ?? 0);
  const isEnd = state === 'GONE' && status.done;
  return (
    <div class={`banner ${isEnd ? '' : 'tone-warn'}`} role="status">
      <Icon name={state === 'GONE' ? 'INACTIVE' : 'LINK'} />
      <p>
        <strong>{state === 'GONE' ? `Tilt left at ${clock}.` : `Stale since ${clock}.`}</strong>{' '}
        {state === 'GONE'
          ? 'This is its last state.'
          : 'The gateway has lost its link to this Tilt; this is the last state it knows.'}
        {error !== null && !isEnd && <span class="banner-note">{plainText(error)}</span>}
      </p>
    </div>
  );
}
