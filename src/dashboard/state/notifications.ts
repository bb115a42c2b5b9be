import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { findNews, type News, observe, type SeenSessions } from '../model/news.js';
import { shortenVerdictReason } from '../model/shown-verdict.js';
import type { Session } from '../model/types.js';

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
