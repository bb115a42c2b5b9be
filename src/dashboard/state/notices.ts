import { effect, type ReadonlySignal } from '@preact/signals';
import type { Session, VerdictState } from '../model/types.js';

/** Whether the browser can tell anything by the desktop, and may. */
export function noticeState(): 'possible' | 'allowed' | 'blocked' {
  if (!('Notification' in globalThis) || !globalThis.isSecureContext) return 'blocked';
  if (Notification.permission === 'granted') return 'allowed';
  return Notification.permission === 'denied' ? 'blocked' : 'possible';
}

/** Asks the reader's leave, where the browser has not been told yet. */
export async function askForNotices(): Promise<boolean> {
  if (noticeState() === 'possible') await Notification.requestPermission();
  return noticeState() === 'allowed';
}

/** Tells each Session that fails by the desktop, while it is wanted. */
export function notifyFailures(
  sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>,
  isWanted: ReadonlySignal<boolean>,
): void {
  let seen: SeenVerdicts = new Map();
  effect(() => {
    const known = sessions.value;
    if (known === null) return;
    const failures = newFailures(seen, known.values());
    seen = verdictsOf(known.values());
    if (!isWanted.peek() || noticeState() !== 'allowed') return;
    // One a Session: a later notice of it takes the place of the one before.
    for (const session of failures) tell(session);
  });
}

function tell({ id, instance, verdict }: Session): void {
  const notice = new Notification(`${instance} failed`, { body: verdict.reason ?? '', tag: id });
  notice.onclick = () => {
    focus();
    notice.close();
  };
}

/** The verdicts that were last seen, by Session id. */
type SeenVerdicts = ReadonlyMap<string, VerdictState>;

/** The verdicts of Sessions, to compare later ones with. */
export function verdictsOf(sessions: Iterable<Session>): SeenVerdicts {
  return new Map([...sessions].map(({ id, verdict }) => [id, verdict.state]));
}

/** The Sessions that have failed since. One that is seen for the first time may have failed long ago: it is none of them. */
export function newFailures(seen: SeenVerdicts, sessions: Iterable<Session>): Session[] {
  return [...sessions].filter(({ id, verdict }) => {
    const before = seen.get(id);
    return verdict.state === 'FAILED' && before !== undefined && before !== 'FAILED';
  });
}
