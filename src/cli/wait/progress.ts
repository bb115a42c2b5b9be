import type { TargetsView } from '../../client/client.js';
import { terminalText } from '../terminal-text.js';

/** How far a wait is, in one line: the trouble with a link, or else the verdict and what it waits for. */
export function progressOf({ session, link }: TargetsView): string {
  if (link.state !== 'live') {
    const error = link.error === null ? '' : `: ${terminalText(link.error)}`;
    return link.state === 'lost' ? `the link to the gateway is lost${error}` : `connecting${error}`;
  }
  if (session === null) return 'there is no such Session yet';
  const { connection, verdict, counts } = session;
  if (connection.state !== 'LIVE') {
    const error = connection.error === null ? '' : `: ${terminalText(connection.error)}`;
    return `${terminalText(session.id)} is ${connection.state}${error}`;
  }
  const reason = verdict.reason === null ? '' : `: ${terminalText(verdict.reason)}`;
  return `${verdict.state}, ${counts.ready + counts.succeeded} of ${counts.total} targets are well${reason}`;
}
