import { type Client, ClientError, type SessionFields, type TargetsView } from '../client/client.js';
import { terminalText } from './safe-text.js';

/**
 * A line that names the Sessions that are the built-in demonstration and no Tilt, for people who read a table. Null where
 * there are none, or the gateway does not say.
 */
export async function demoNote(client: Client, signal: AbortSignal): Promise<string | null> {
  try {
    const sessions = await client.sessions({ signal });
    const ids = sessions.filter(({ isDemo }) => isDemo).map(({ id }) => terminalText(id));
    return ids.length === 0 ? null : `${ids.join(', ')}: the built-in demonstration, no Tilt runs there`;
  } catch (error) {
    if (error instanceof ClientError || signal.aborted) return null;
    throw error;
  }
}

/** Dependencies of {@link createMissingSessionNotice}. */
export interface MissingSessionOptions {
  /** Id of the Session that was asked for by name; null when none was. */
  readonly wanted: string | null;
  readonly sessions: Client['sessions'];
  /** Shows one line; null takes it back. */
  readonly notice: (message: string | null) => void;
  readonly signal: AbortSignal;
}

/**
 * Reports once that the Session of a watch does not exist, with the Sessions that do, and takes the report back when the Session
 * appears. A gateway that does not answer yet is no reason for a report.
 */
export function createMissingSessionNotice({ wanted, sessions, notice, signal }: MissingSessionOptions) {
  let isReported = false;

  return (view: TargetsView): void => {
    if (view.session !== null) {
      if (isReported) notice(null);
      isReported = false;
    } else if (!isReported && view.cursor !== null && view.link.state === 'live') {
      isReported = true;
      void report();
    }
  };

  async function report(): Promise<void> {
    // Without an answer there is still something to say: that the Session is not there.
    const known = await sessions({ signal }).catch(() => null);
    if (isReported && !signal.aborted) notice(missingSession(wanted, known));
  }
}

/** One line about a Session that does not exist: what is waited for, and which Sessions exist, live ones first. */
export function missingSession(wanted: string | null, known: readonly SessionFields[] | null): string {
  const missing =
    wanted === null
      ? 'no Session is known, waiting for one'
      : `there is no Session ${terminalText(wanted)}, waiting for it`;
  if (known === null || (wanted === null && known.length === 0)) return missing;
  if (known.length === 0) return `${missing}; no Session is known`;
  const listed = sorted(known).slice(0, MAX_LISTED).map(inWords).join(', ');
  const more = known.length > MAX_LISTED ? ` and ${known.length - MAX_LISTED} more` : '';
  return `${missing}; known: ${listed}${more}`;
}

const MAX_LISTED = 10;
const ORDER: readonly SessionFields['connection']['state'][] = ['LIVE', 'STALE', 'GONE'];

function sorted(sessions: readonly SessionFields[]): SessionFields[] {
  const rank = ({ connection }: SessionFields) => ORDER.indexOf(connection.state);
  return [...sessions].sort((a, b) => rank(a) - rank(b));
}

function inWords({ id, connection, isDemo }: SessionFields): string {
  return `${terminalText(id)} (${isDemo ? 'demonstration' : connection.state})`;
}
