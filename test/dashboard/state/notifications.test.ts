import { signal } from '@preact/signals';
import { describe, expect, it, vi } from 'vitest';
import type { Session, VerdictState } from '../../../src/dashboard/model/types.js';
import {
  findNews,
  notificationState,
  notifyOfVerdicts,
  observe,
  type SeenSessions,
} from '../../../src/dashboard/state/notifications.js';
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

const of = (state: VerdictState, uid = 'a1', final = false) =>
  session({ metadata: { uid }, verdict: { state, final } });

/** The news of each state of one Session, in order. */
function newsOf(...states: readonly Session[]): string[] {
  let seen: SeenSessions = new Map();
  return states.map((state) => {
    const words = findNews(seen, [state]).map(({ word }) => word);
    seen = observe(seen, [state]);
    return words.join();
  });
}

describe('the news of a Session', () => {
  it.each(['PENDING', 'PASSED', 'UNKNOWN'] as const)('a Session that fails after %s has failed', (before) => {
    expect(newsOf(of(before), of('FAILED'), of('FAILED'))).toEqual(['', 'failed', '']);
  });

  it('a Session seen for the first time has no news', () => {
    expect([newsOf(of('FAILED')), newsOf(of('PASSED'))]).toEqual([[''], ['']]);
  });

  it('a Session becomes ready, and a `tilt ci` passes', () => {
    expect(newsOf(of('PENDING'), of('PASSED'))).toEqual(['', 'is ready']);
    expect(newsOf(of('PENDING'), of('PASSED', 'a1', true))).toEqual(['', 'passed']);
  });

  it('a Session that passes after a failure has recovered, also after a rebuild or a lost connection', () => {
    expect(newsOf(of('FAILED'), of('PENDING'), of('UNKNOWN'), of('PASSED'))).toEqual([
      '',
      '',
      '',
      'recovered',
    ]);
  });

  it('a rebuild or a lost connection of a ready Session is no news', () => {
    expect(newsOf(of('PASSED'), of('PENDING'), of('UNKNOWN'), of('PASSED'))).toEqual(['', '', '', '']);
  });

  it('a failure is no news again after a lost connection, but after a rebuild', () => {
    const states = ['PENDING', 'FAILED', 'UNKNOWN', 'FAILED', 'UNKNOWN', 'UNKNOWN', 'FAILED'] as const;
    expect(newsOf(...states.map((state) => of(state)))).toEqual(['', 'failed', '', '', '', '', '']);
    expect(newsOf(of('FAILED'), of('UNKNOWN'), of('PENDING'), of('FAILED'))).toEqual(['', '', '', 'failed']);
    expect(newsOf(of('FAILED'), of('UNKNOWN'), of('FAILED', 'b2'))).toEqual(['', '', 'failed']);
  });

  it('another run of Tilt starts without a result', () => {
    expect(newsOf(of('FAILED'), of('PENDING', 'b2'), of('PASSED', 'b2'))).toEqual(['', '', 'is ready']);
    expect(newsOf(of('FAILED'), of('FAILED', 'b2'))).toEqual(['', 'failed']);
  });
});
