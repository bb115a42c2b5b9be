import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeSession } from '../../src/model/decode.js';
import { parseMicros } from '../../src/model/micro-time.js';
import { createStore } from '../../src/store/store.js';
import { createManualClock } from '../support/manual-clock.js';
import { query } from '../support/queries.js';
import type { Json } from '../support/raw-session.js';
import { startReplay } from '../support/replay.js';
import { sessionJson } from '../support/session-json.js';

interface TargetView {
  readonly name: string;
  readonly phase: string;
  readonly since: string;
  readonly secondsToReady: number | null;
  readonly durationSeconds: number | null;
  readonly state: { readonly summary?: string; readonly startTime?: string | null } | null;
  readonly history: readonly {
    readonly phase: string;
    readonly time: string;
    readonly state: object | null;
  }[];
}

const FIELDS = `name phase since secondsToReady durationSeconds
  state {
    ... on TargetStateActive { startTime summary }
    ... on TargetStateTerminated { startTime summary }
    ... on TargetStateWaiting { summary }
  }
  history(last: 50) { phase time state {
    ... on TargetStateActive { summary } ... on TargetStateTerminated { summary } ... on TargetStateWaiting { summary }
  } }`;

/** Time the given number of seconds after 12:00, as Tilt writes it. */
const at = (seconds: number) => new Date(Date.UTC(2026, 10, 22, 12) + seconds * 1_000).toISOString();

const active = (start: number | null, ready: boolean, lastReady: number | null = null) => ({
  active: {
    startTime: start === null ? null : at(start),
    ready,
    lastReadyTime: lastReady === null ? null : at(lastReady),
  },
});
const ended = (start: number, finish: number | null, error?: string) => ({
  terminated: { startTime: at(start), finishTime: finish === null ? null : at(finish), error },
});
const waiting = (waitReason: string) => ({ waiting: { waitReason } });

/** A store that receives states of one target, each the given number of seconds after 12:00. */
function setUp(type = 'server') {
  const clock = createManualClock(Date.parse(at(0)));
  const store = createStore({ clock, epoch: 'e' });
  store.open('test');
  return {
    store,
    async see(seconds: number, state: Json, uid = 'run-1'): Promise<TargetView> {
      await clock.advance(Date.parse(at(seconds)) - clock.now());
      const targets = [{ name: 'x', type, resources: [], state }];
      store.apply('test', { type: 'upsert', session: decodeSession(sessionJson({ uid, targets }), 'a') });
      const { data } = await query(store, `{ target(name: "x") { ${FIELDS} } }`);
      const { target }: { target: TargetView } = JSON.parse(JSON.stringify(data));
      return target;
    },
  };
}

describe('the time to readiness of a target', () => {
  it('is the first readiness of a start that the gateway observed, whatever Tilt reports later', async () => {
    const { see } = setUp();
    await see(1, active(1, false));
    expect(await see(4, active(1, true, 3.5))).toMatchObject({ secondsToReady: 2.5 });
    expect(await see(7_204, active(1, true, 7_201))).toMatchObject({
      secondsToReady: 2.5,
      state: { summary: 'ready after 2.5 s' },
      since: at(3.5),
    });
  });

  it('stays the same when readiness is lost and regained, and when the target waited', async () => {
    const { see } = setUp();
    await see(1, active(1, false));
    await see(4, active(1, true, 3.5));
    await see(10, active(1, false, 9));
    expect(await see(20, active(1, true, 19))).toMatchObject({ secondsToReady: 2.5 });
    await see(30, waiting('building-component'));
    expect(await see(40, active(1, true, 39))).toMatchObject({ secondsToReady: 2.5 });
  });

  it.each<[string, Json]>([
    [
      'of an earlier start, as after a restart of a serve command (-27.09 on a real Tilt)',
      active(40, true, 12.91),
    ],
    ['595 s before the start', active(600, true, 5)],
    ['two hours after the start', active(0, true, 7_200)],
    ['not given', active(0, true)],
  ])('is null when the gateway did not observe the start, and the ready time is %s', async (_, state) => {
    const { see } = setUp();
    expect(await see(7_300, state)).toMatchObject({
      phase: 'READY',
      secondsToReady: null,
      state: { summary: 'ready' },
    });
  });

  it('is null after a restart until Tilt reports a readiness of the new start', async () => {
    const { see } = setUp();
    await see(1, active(1, false));
    await see(3, active(1, true, 2));
    await see(30, active(29.09, false, 2));
    expect(await see(31, active(29.09, true, 2))).toMatchObject({ secondsToReady: null });
    // A later refresh is not the first readiness.
    expect(await see(90, active(29.09, true, 90))).toMatchObject({ secondsToReady: null });
  });

  it('is null for a target that may have been ready before with the same start', async () => {
    const { see } = setUp();
    await see(100, active(1, false, 50));
    expect(await see(110, active(1, true, 109))).toMatchObject({ secondsToReady: null });
  });
});

describe('times of a target are never negative', () => {
  it('neither its duration nor its time to readiness, whatever times Tilt reports', async () => {
    const seconds = fc.option(fc.integer({ min: 0, max: 20 }));
    const state = fc.oneof(
      fc.tuple(seconds, fc.boolean(), seconds).map(([start, ready, last]) => active(start, ready, last)),
      fc.tuple(fc.nat(20), seconds).map(([start, finish]) => ended(start, finish)),
      fc.constant(waiting('unknown')),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(state, { maxLength: 8 }),
        fc.constantFrom('job', 'server'),
        async (all, type) => {
          const { see } = setUp(type);
          for (const [index, next] of all.entries()) {
            const target = await see(index, next);
            expect(target.secondsToReady ?? 0).toBeGreaterThanOrEqual(0);
            expect(target.durationSeconds ?? 0).toBeGreaterThanOrEqual(0);
            expect(JSON.stringify(target)).not.toContain('after -');
          }
        },
      ),
    );
  });

  it('and its duration is null when it finished before it started', async () => {
    const { see } = setUp('job');
    expect(await see(700, ended(600, 5))).toMatchObject({
      phase: 'SUCCEEDED',
      durationSeconds: null,
      state: { summary: 'succeeded' },
    });
  });
});

describe('the history of a target', () => {
  it('has one entry after 50 refreshes of the ready time', async () => {
    const { see } = setUp();
    await see(0, active(0, false));
    for (let refresh = 1; refresh <= 50; refresh += 1) await see(refresh, active(0, true, refresh));
    const { history } = await see(60, active(0, true, 60));
    expect(history.map(({ phase }) => phase)).toEqual(['RUNNING', 'READY']);
    expect(history.map(({ state }) => state)).toEqual([
      { summary: 'running' },
      { summary: 'ready after 1.0 s' },
    ]);
  });

  it('has one entry, and an unchanged start of phase, while a local build changes the wait reason', async () => {
    const { see } = setUp();
    for (let flip = 0; flip < 40; flip += 1) {
      await see(flip * 2, waiting('waiting-for-local'));
      await see(flip * 2 + 1, waiting('unknown'));
    }
    const target = await see(100, waiting('waiting-for-local'));
    expect(target).toMatchObject({
      since: at(0),
      state: { summary: 'waiting: waiting-for-local' },
      history: [{ phase: 'WAITING', time: at(0) }],
    });
    expect(target.history).toHaveLength(1);
  });
});

describe('the start of the phase of a target', () => {
  it('is the time that Tilt reports, even when the gateway started later than the target', async () => {
    const states: [string, Json][] = [
      [at(1), active(1, false)],
      [at(4), active(1, true, 4)],
      [at(9), ended(1, 9)],
      [at(9), ended(1, 9, 'exit status 1')],
    ];
    for (const [since, state] of states) expect(await setUp().see(5_000, state)).toMatchObject({ since });
  });

  it('is the time at which the gateway first received the phase when Tilt reports none', async () => {
    const states = [
      waiting('unknown'),
      {},
      { disabled: {} },
      ended(1, null, 'crash'),
      active(1, true),
      active(9, true, 4),
    ];
    for (const state of states) expect(await setUp().see(50, state)).toMatchObject({ since: at(50) });
  });

  it('is the time at which the gateway received the loss or return of readiness', async () => {
    const { see } = setUp();
    await see(1, active(1, false));
    await see(4, active(1, true, 4));
    expect(await see(100, active(1, false, 90))).toMatchObject({ phase: 'RUNNING', since: at(100) });
    expect(await see(110, active(1, true, 109))).toMatchObject({ phase: 'READY', since: at(110) });
  });

  it('moves when the target restarts within the phase', async () => {
    const server = setUp();
    await server.see(1, active(1, true, 2));
    expect(await server.see(30, active(20, true, 21))).toMatchObject({ phase: 'READY', since: at(21) });
    expect(await server.see(50, active(40, true, 21))).toMatchObject({ phase: 'READY', since: at(50) });
    const job = setUp('job');
    await job.see(1, ended(0, 1));
    const again = await job.see(30, ended(20, 25));
    expect(again).toMatchObject({ phase: 'SUCCEEDED', since: at(25), durationSeconds: 5 });
    expect(again.history).toHaveLength(1);
  });

  it('is not taken over by a new run of Tilt', async () => {
    const { see } = setUp();
    await see(0, waiting('unknown'));
    expect(await see(50, waiting('unknown'), 'run-2')).toMatchObject({
      since: at(50),
      history: [{ time: at(50) }],
    });
  });

  it('is the same at a gateway that received a whole recorded run and at one that started at its end', async () => {
    await using early = await startReplay('up');
    await early.playTo(-1);
    const last = await early.query<{ targets: TargetView[] }>(`{ targets { ${FIELDS} } }`);
    await using late = await startReplay('edit');
    await late.playTo(1);
    const first = await late.query<{ targets: TargetView[] }>(`{ targets { ${FIELDS} } }`);
    const sinceAt = (targets: TargetView[], names: string[]) =>
      names.map((name) => targets.find((target) => target.name === name)?.since);
    const unchanged = ['api:serve', 'migrate:update', 'slow-ready:serve', 'web:serve', 'web:update'];
    expect(sinceAt(first.data.targets, unchanged)).toEqual(sinceAt(last.data.targets, unchanged));
  });
});

describe('a job that is active and ready', () => {
  it('has succeeded: phase, history, duration, counts, summary and verdict', async () => {
    const { see, store } = setUp('job');
    await see(1, active(1, false));
    const target = await see(5, active(1, true, 4));
    expect(target).toMatchObject({
      phase: 'SUCCEEDED',
      since: at(4),
      durationSeconds: 3,
      secondsToReady: null,
      state: { summary: 'succeeded after 3.0 s' },
      history: [{ phase: 'RUNNING' }, { phase: 'SUCCEEDED', state: { summary: 'succeeded after 3.0 s' } }],
    });
    const { data } = await query(store, '{ session { counts { ready succeeded } } }');
    expect(data).toEqual({ session: { counts: { ready: 0, succeeded: 1 } } });
  });

  it('has no duration when the gateway did not observe it running', async () => {
    const { see } = setUp('job');
    expect(await see(7_300, active(1, true, 7_200))).toMatchObject({
      phase: 'SUCCEEDED',
      durationSeconds: null,
      state: { summary: 'succeeded' },
    });
  });
});

describe('a real Tilt whose serve command crashed and was restarted', () => {
  it('has no negative time, and one history entry per phase transition', async () => {
    await using replay = await startReplay('up');
    for (let event = 1; event <= replay.length; event += 1) {
      await replay.playTo(event);
      const { data } = await replay.query<{ targets: TargetView[] }>(`{ targets { ${FIELDS} } }`);
      for (const { name, secondsToReady, durationSeconds, history, since } of data.targets) {
        expect([name, (secondsToReady ?? 0) >= 0, (durationSeconds ?? 0) >= 0]).toEqual([name, true, true]);
        expect(parseMicros(since)).not.toBeNull();
        for (const [index, { phase }] of history.entries()) expect(phase).not.toBe(history[index - 1]?.phase);
      }
    }
    const { data } = await replay.query<{ targets: TargetView[] }>(`{ targets { ${FIELDS} } }`);
    const find = (name: string) => data.targets.find((target) => target.name === name);
    expect(find('slow-ready:serve')).toMatchObject({ secondsToReady: 6.009003 });
    expect(find('crash:serve')?.history.map(({ phase }) => phase)).toEqual(['WAITING', 'READY', 'FAILED']);
  });
});
