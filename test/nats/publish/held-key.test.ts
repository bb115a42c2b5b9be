import { describe, expect, it } from 'vitest';
import { encodeReport } from '../../../src/nats/presence-report.js';
import { toStartState } from '../../../src/nats/publish/command-publisher.js';
import {
  findOtherPublisher,
  lacksResult,
  mayClaim,
  type ReadablePresence,
} from '../../../src/nats/publish/held-key.js';
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

describe('a key', () => {
  const start = (hour: number) => ({ startTime: `2026-11-22T${hour}:00:00Z` });
  const result = { done: true, error: 'failed' };
  const ended = session('ci', {}, { uid: 'run-2', status: { ...start(11), ...result } });

  it.each([
    ['a running state of the run', true, 'run-2', start(11), 'live'],
    ['a running state of the run that was done', true, 'run-2', { ...start(11), ...result }, 'stale'],
    ['an end of the run without a result', true, 'run-2', start(11), 'gone'],
    ['the result of the run', false, 'run-2', { ...start(11), ...result }, 'gone'],
    ['a run that started earlier', true, 'run-1', start(10), 'live'],
    ['a run that started later', false, 'run-3', start(12), 'live'],
    ['the result of a run that started later', false, 'run-3', { ...start(12), ...result }, 'gone'],
    ['a run whose start is unknown', false, 'run-3', { startTime: null }, 'gone'],
  ] as const)('with %s lacks the result of a run: %s', (_, expected, uid, status, connection) => {
    const held = { publisher: 'other', serial: 1, previous: 0, error: null };
    expect(lacksResult({ ...held, connection, session: session('ci', {}, { uid, status }) }, ended)).toBe(
      expected,
    );
  });

  it('with an unfinished end does not lack another unfinished end of the run', () => {
    const state = session('ci', {}, { uid: 'run-2', status: start(11) });
    const held = { publisher: 'other', serial: 1, previous: 0, error: null, connection: 'gone' as const };
    expect(lacksResult({ ...held, session: state }, state)).toBe(false);
  });
});

describe('the first state of a run', () => {
  const runOf = (hour: number | null) =>
    session('ci', {}, { uid: `run-${hour}`, status: { startTime: hour && `2026-11-22T${hour}:00:00Z` } });
  const OWN = { publisher: 'own', ageMs: 0 };
  const head = { publisher: 'other', serial: 1, previous: 0, error: null };

  it.each([
    ['is written to an empty key', true, 'stale', null, null],
    ['is written over an earlier run if it is STALE', true, 'stale', 10, 'gone'],
    ['is written over the end of its own run if it is STALE', true, 'stale', 11, 'gone'],
    ['is not written over the result of a later run if it is STALE', false, 'stale', 12, 'gone'],
    ['is not written over a later run that continues if it is STALE', false, 'stale', 12, 'live'],
    ['is not written over the result of a later run if it is GONE', false, 'gone', 12, 'gone'],
    ['is written over the result of a later run if it is LIVE', true, 'live', 12, 'gone'],
  ] as const)('%s', (_, expected, connection, heldHour, heldConnection) => {
    const held = heldConnection && { ...head, connection: heldConnection, session: runOf(heldHour) };
    expect(mayClaim(held, { session: runOf(11), connection }, OWN)).toBe(expected);
  });

  it('of a command is written over a run that seems to be later: the clock of its machine may be ahead', () => {
    const run = { uid: 'run', pid: 7, startTime: '2026-11-22T11:00:00.000Z' };
    const held = { ...head, connection: 'gone' as const, session: runOf(12) };
    expect(mayClaim(held, toStartState(run, 'ci'), OWN)).toBe(true);
  });

  it.each(['stale', 'gone'] as const)(
    'that is %s is written over a run of the same publisher that seems to be later',
    (connection) => {
      const held = { ...head, connection: 'gone' as const, session: runOf(12) };
      const state = { session: runOf(11), connection };
      expect(mayClaim(held, state, { ...OWN, publisher: head.publisher })).toBe(true);
      expect(mayClaim(held, { ...state, isEarlierEnd: true }, { ...OWN, publisher: head.publisher })).toBe(
        false,
      );
    },
  );
});
