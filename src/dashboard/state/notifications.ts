import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { shortenVerdictReason } from '../model/shown-verdict.js';
import type { Session, VerdictState } from '../model/types.js';

// Module state: it is a property of the browser, which only an attempt reveals.
/** Whether the browser could not show a notification. Chrome on Android throws despite the permission. */
const hasFailed = signal(false);

/**
 * Whether desktop notifications may be shown; `promptable` when the browser has not asked the visitor yet.
 */
export function notificationState(): 'promptable' | 'allowed' | 'blocked' {
  if (!('Notification' in globalThis) || !globalThis.isSecureContext) return 'blocked';
  if (hasFailed.value) return 'blocked';
  if (Notification.permission === 'granted') return 'allowed';
  return Notification.permission === 'denied' ? 'blocked' : 'promptable';
}

/** Asks for permission if the browser has not done so yet. Returns whether notifications are allowed. */
export async function requestNotifications(): Promise<boolean> {
  if (notificationState() === 'promptable') await Notification.requestPermission();
  return notificationState() === 'allowed';
}

/** While enabled, shows a desktop notification for each Session that fails, recovers, is ready or passes. */
export function notifyOfVerdicts(
  sessions: ReadonlySignal<ReadonlyMap<string, Session> | null>,
  isEnabled: ReadonlySignal<boolean>,
): void {
  let seen: SeenSessions = new Map();
  effect(() => {
    const known = sessions.value;
    if (known === null) return;
    const news = findNews(seen, known.values());
    seen = observe(seen, known.values());
    if (!isEnabled.peek() || notificationState() !== 'allowed') return;
    for (const item of news) showNotification(item);
  });
}

/** Shows a notification, which replaces an earlier one of the same Session. */
function showNotification({ session, word }: News): void {
  const { id, instance } = session;
  const body = shortenVerdictReason(session) ?? '';
  try {
    const notification = new Notification(`${instance} ${word}`, { body, tag: id });
    notification.onclick = () => {
      focus();
      notification.close();
    };
  } catch {
    hasFailed.value = true;
  }
}

/** A change of a Session's verdict that a visitor wants to hear of. */
interface News {
  readonly session: Session;
  /** The change, after the name of the Session: `shop failed`, `shop is ready`. */
  readonly word: 'failed' | 'recovered' | 'is ready' | 'passed';
}

/** The last seen state of each Session, by id. */
export type SeenSessions = ReadonlyMap<string, SeenSession>;

interface SeenSession {
  readonly uid: string | null;
  /** The last verdict that was known; UNKNOWN until there was one. */
  readonly verdict: VerdictState;
  /** The last verdict that was a result; null until there was one. */
  readonly result: 'PASSED' | 'FAILED' | null;
}

/** Records the Sessions, to compare later ones with. */
export function observe(seen: SeenSessions, sessions: Iterable<Session>): SeenSessions {
  return new Map(
    [...sessions].map(({ id, metadata: { uid }, verdict: { state } }) => {
      const before = findSeen(seen, id, uid);
      const result = isResult(state) ? state : (before?.result ?? null);
      // Without a connection to Tilt nothing is known to have changed.
      const verdict = state === 'UNKNOWN' ? (before?.verdict ?? state) : state;
      return [id, { uid, verdict, result }];
    }),
  );
}

/**
 * Finds the Sessions that have a new result. A Session seen for the first time has none: it may have failed
 * long ago. One that is ready again after a rebuild has none either.
 */
export function findNews(seen: SeenSessions, sessions: Iterable<Session>): News[] {
  return [...sessions].flatMap((session): News[] => {
    const { id, metadata, verdict } = session;
    if (!seen.has(id)) return [];
    const before = findSeen(seen, id, metadata.uid);
    if (verdict.state === 'FAILED') return before?.verdict === 'FAILED' ? [] : [{ session, word: 'failed' }];
    if (verdict.state !== 'PASSED' || before?.result === 'PASSED') return [];
    if (before?.result === 'FAILED') return [{ session, word: 'recovered' }];
    return [{ session, word: verdict.final ? 'passed' : 'is ready' }];
  });
}

/** Finds the last seen state of a run; undefined if another run was seen. */
function findSeen(seen: SeenSessions, id: string, uid: string | null): SeenSession | undefined {
  const known = seen.get(id);
  return known?.uid === uid ? known : undefined;
}

function isResult(state: VerdictState): state is 'PASSED' | 'FAILED' {
  return state === 'PASSED' || state === 'FAILED';
}
