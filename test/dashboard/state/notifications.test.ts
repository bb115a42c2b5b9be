import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';
import type { Session, VerdictState } from '../../../src/dashboard/model/types.js';
import { notificationState, notifyOfVerdicts } from '../../../src/dashboard/state/notifications.js';
import { session } from '../../support/dashboard-data.js';

describe('desktop notifications', () => {
  it('notifications are blocked once the browser could not show one, and the page keeps updating', () => {
    const attempts: string[] = [];
    vi.stubGlobal('isSecureContext', true);
    // As in Chrome on Android, which has permissions, but shows notifications only for a service worker.
    vi.stubGlobal(
      'Notification',
      class {
        static readonly permission = 'granted';
        constructor(title: string) {
          attempts.push(title);
          throw new TypeError('Illegal constructor');
        }
      },
    );
    const of = (state: VerdictState) => new Map([['shop', session({ verdict: { state } })]]);
    const sessions = signal<ReadonlyMap<string, Session>>(of('PENDING'));
    expect(notificationState()).toBe('allowed');
    notifyOfVerdicts(sessions, signal(true));
    sessions.value = of('FAILED');
    expect(notificationState()).toBe('blocked');
    sessions.value = of('PASSED');
    expect(attempts).toEqual(['shop failed']);
  });
});
