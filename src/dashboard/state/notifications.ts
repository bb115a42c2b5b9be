import { effect, type ReadonlySignal } from '@preact/signals';
import type { Session, VerdictState } from '../model/types.js';

/**
 * Whether desktop notifications may be shown; `promptable` when the browser has not asked the visitor yet.
 */
export function notificationState(): 'promptable' | 'allowed' | 'blocked' {
  if (!('Notification' in globalThis) || !globalThis.isSecureContext) return 'blocked';
  if (Notification.permission === 'granted') return 'allowed';
  return Notification.permission === 'denied' ? 'blocked' : 'promptable';
}

/** Asks for permission if the browser has not done so yet. Returns whether notifications are allowed. */
export async function requestNotifications(): Promise<boolean> {
  if (notificationState() === 'promptable') await Notification.requestPermission();
  return notificationState() === 'allowed';
}

/** Shows a desktop notification for each Session that fails, while enabled. */
export function notifyFailures(
  sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>,
  isEnabled: ReadonlySignal<boolean>,
): void {
  let seen: SeenVerdicts = new Map();
  effect(() => {
    const known = sessions.value;
    if (known === null) return;
    const failures = findNewFailures(seen, known.values());
    seen = collectVerdicts(known.values());
    if (!isEnabled.peek() || notificationState() !== 'allowed') return;
    for (const session of failures) showNotification(session);
  });
}

/** Shows a notification, which replaces an earlier one of the same Session. */
function showNotification({ id, instance, verdict }: Session): void {
  const notification = new Notification(`${instance} failed`, { body: verdict.reason ?? '', tag: id });
  notification.onclick = () => {
    focus();
    notification.close();
  };
}

/** The last seen verdicts by Session id. */
type SeenVerdicts = ReadonlyMap<string, VerdictState>;

/** Collects the verdicts of Sessions, to compare later ones with. */
export function collectVerdicts(sessions: Iterable<Session>): SeenVerdicts {
  return new Map([...sessions].map(({ id, verdict }) => [id, verdict.state]));
}

/**
 * Finds the Sessions that have failed since. A Session seen for the first time does not count: it may have
 * failed long ago.
 */
export function findNewFailures(seen: SeenVerdicts, sessions: Iterable<Session>): Session[] {
  return [...sessions].filter(({ id, verdict }) => {
    const before = seen.get(id);
    return verdict.state === 'FAILED' && before !== undefined && before !== 'FAILED';
  });
}
