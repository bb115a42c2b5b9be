import { describe, expect, it } from 'vitest';
import type { TargetExcerpt } from '../../src/model/log.js';
import { createStore } from '../../src/store/store.js';
import { withFacts } from '../support/facts.js';
import { createTestLog, logLine, targetExcerpt } from '../support/log-lines.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import { session } from '../support/sessions.js';

function setUp(excerpts: readonly TargetExcerpt[] = []) {
  const store = createStore({ clock: createManualClock(), epoch: 'e' });
  store.open('test');
  const targets = { 'api:update': 'failed', 'api:serve': 'ready' } as const;
  store.apply('test', {
    type: 'snapshot',
    sessions: [withFacts(session('a', targets), { api: {} }, { excerpts })],
  });
  return {
    store,
    async logOf(field: string, name = 'api:update') {
      const source = `query ($name: String!) { target(name: $name) { ${field} } }`;
      const { data, errors } = await query<{ target: Record<string, unknown> | null }>(store, source, {
        name,
      });
      return errors?.[0]?.message ?? data.target;
    },
  };
}

describe('Target.log and Resource.log', () => {
  it('are null if the source has no log', async () => {
    const { store, logOf } = setUp();
    expect(await logOf('log { text }')).toEqual({ log: null });
    const { data } = await query(store, '{ session { resources { log { text } } } }');
    expect(data).toEqual({ session: { resources: [{ log: null }, { log: null }] } });
  });

  it('are the last lines of the target and of the resource, oldest first', async () => {
    const { store, logOf } = setUp();
    const log = createTestLog();
    store.apply('test', { type: 'log', id: 'a/Tiltfile', log });
    log.append(
      logLine('one'),
      logLine('two', { target: 'api:serve', level: 'warn' }),
      logLine('three', { resource: 'web', target: 'web:update' }),
      logLine('four', { target: null }),
      logLine('five'),
    );
    expect(await logOf('log { text }')).toEqual({ log: [{ text: 'one' }, { text: 'five' }] });
    expect(await logOf('log(last: 1) { text }')).toEqual({ log: [{ text: 'five' }] });
    expect(await logOf('log(last: 0) { text }')).toEqual({ log: [] });
    const { data } = await query(
      store,
      '{ session { resources { name log(last: 3) { text target level } warnings: log(level: WARN) { text } } } }',
    );
    expect(data).toMatchObject({
      session: {
        resources: [
          {
            name: 'api',
            log: [
              { text: 'two', target: 'api:serve', level: 'WARN' },
              { text: 'four', target: null, level: 'INFO' },
              { text: 'five', target: 'api:update', level: 'INFO' },
            ],
            warnings: [{ text: 'two' }],
          },
          { name: 'tiltfile', log: [] },
        ],
      },
    });
  });

  it('have texts without control sequences, and texts with colors', async () => {
    const { store, logOf } = setUp();
    const log = createTestLog();
    store.apply('test', { type: 'log', id: 'a/Tiltfile', log });
    log.append(logLine('\u001b[31mred\u001b[0m\tplain'));
    expect(await logOf('log { text styledText time resource }')).toEqual({
      log: [
        {
          text: 'red\tplain',
          styledText: '\u001b[31mred\u001b[0m\tplain',
          time: '2026-11-22T12:00:00.000001Z',
          resource: 'api',
        },
      ],
    });
  });

  it('reject a number of lines out of range, also while there is no log', async () => {
    const { logOf } = setUp();
    expect(await logOf('log(last: 1001) { text }')).toBe('last: expected 0 to 1000, got 1001.');
    expect(await logOf('log(last: -1) { text }')).toBe('last: expected 0 to 1000, got -1.');
  });
});

describe('TargetStateTerminated.excerpt', () => {
  const EXCERPT = 'state { ... on TargetStateTerminated { excerpt { lines { text } omitted isFinal } } }';

  it('is the end of the log of the failed target', async () => {
    const { logOf } = setUp([targetExcerpt('web:update', { omitted: 7 }), targetExcerpt('api:update')]);
    expect(await logOf(EXCERPT)).toEqual({
      state: { excerpt: { lines: [{ text: 'FAIL adds numbers' }], omitted: 3, isFinal: true } },
    });
  });

  it('is null without one, for a success, and for another start of the target', async () => {
    expect(await setUp().logOf(EXCERPT)).toEqual({ state: { excerpt: null } });
    const ofSuccess = setUp([targetExcerpt('tiltfile:update')]);
    expect(await ofSuccess.logOf(EXCERPT, 'tiltfile:update')).toEqual({ state: { excerpt: null } });
    const earlier = '2026-11-22T10:00:00.000001Z';
    for (const times of [{ startTime: earlier }, { finishTime: earlier }, { startTime: null }]) {
      expect(await setUp([targetExcerpt('api:update', times)]).logOf(EXCERPT)).toEqual({
        state: { excerpt: null },
      });
    }
  });

  it('is null for states of the history', async () => {
    const { logOf } = setUp([targetExcerpt('api:update')]);
    expect(await logOf(`history { ${EXCERPT} }`)).toEqual({ history: [{ state: { excerpt: null } }] });
  });
});
