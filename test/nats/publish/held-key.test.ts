import { expect, it } from 'vitest';
import { encodeReport } from '../../../src/nats/presence-report.js';
import { findOtherPublisher, type ReadablePresence } from '../../../src/nats/publish/held-key.js';
import { session } from '../../support/sessions.js';

/** Presence bucket with these values. */
function presenceOf(values: Readonly<Record<string, string>>): ReadablePresence {
  return {
    async get(key) {
      const value = values[key];
      return value === undefined ? null : { operation: 'PUT', string: () => value };
    },
  };
}

/** Finds the publisher of `team-a.ci.Tiltfile`, whose state names the key of a report. */
function findReported(reportKey: string) {
  const owner = { key: 'team-a.ci.Tiltfile', publisher: 'new' };
  const presence = presenceOf({ [reportKey]: encodeReport({ publisher: 'other', keys: [owner.key] }) });
  return findOtherPublisher(presence, owner, {
    publisher: 'other',
    serial: 1,
    previous: 0,
    presence: reportKey,
    connection: 'live',
    error: null,
    session: session('team-a.ci'),
  });
}

it('finds the publisher of a Session by its report', async () => {
  expect(await findReported('team-a.ci.other=231')).toBe('other');
});

it('ignores a report of a Session whose key has another first token', async () => {
  expect(await findReported('team-b.ci.other=231')).toBeNull();
});
