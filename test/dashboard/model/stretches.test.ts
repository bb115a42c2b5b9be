import { describe, expect, it } from 'vitest';
import { clockOffsetOf } from '../../../src/dashboard/model/marks.js';
import {
  describe as inWords,
  type Stretch,
  stretchesOf,
  toneOf,
} from '../../../src/dashboard/model/stretches.js';
import { ms, state, target, time } from '../../support/dashboard-data.js';

type History = Parameters<typeof target>[1][];

/** The stretches of a target with this history: kind, start and end in seconds after 12:00, what a run came to. */
function stretches(history: History, offset = 0) {
  return stretchesOf(target('a:update', ...history), offset).map(({ kind, start, end, outcome }) =>
    [kind, seconds(start), end === null ? null : seconds(end), outcome].filter((part) => part !== undefined),
  );
}

const seconds = (at: number) => Number(((at - ms(0)) / 1_000).toFixed(6));

describe('the stretches of a target', () => {
  it('of a job: it waits, runs from its start to its finish as Tilt says, and is over', () => {
    const history: History = [
      [1, state.waiting('tiltfile-reload')],
      [2, state.waiting('waiting-for-dep')],
      [4.1, state.running(4)],
      [9.1, state.ended(4, 9)],
    ];
    expect(stretches(history)).toEqual([
      ['waiting', 1, 4, null],
      ['running', 4, 9, 'succeeded'],
    ]);
  });

  it('of a job that failed and was run again: what failed stays failed until the next start', () => {
    const history: History = [
      [5.1, state.ended(4, 5, 'boom')],
      [8.1, state.running(8)],
      [9.1, state.ended(8, 9)],
    ];
    expect(stretches(history)).toEqual([
      ['running', 4, 5, 'failed'],
      ['failed', 5, 8, null],
      ['running', 8, 9, 'succeeded'],
    ]);
  });

  it('of a server: it runs until it is ready, and is ready until it fails', () => {
    const history: History = [
      [1.1, state.running(1)],
      [3.1, state.ready(1, 3)],
      [7.1, state.ended(1, 7, 'crash')],
    ];
    expect(stretches(history)).toEqual([
      ['running', 1, 3, 'ready'],
      ['ready', 3, 7, null],
      ['failed', 7, null, null],
    ]);
  });

  it('of a server that lost its readiness, and found it again', () => {
    const history: History = [
      [3.1, state.ready(1, 3)],
      [5, state.running(1)],
      [6.1, state.ready(1, 6)],
    ];
    expect(stretches(history)).toEqual([
      ['ready', 3, 5, null],
      ['running', 5, 6, 'ready'],
      ['ready', 6, null, null],
    ]);
  });

  it('of one that was there before the gateway looked: from the times that Tilt gives', () => {
    expect(stretches([[100, state.ended(1, 3)]])).toEqual([['running', 1, 3, 'succeeded']]);
  });

  it('of a server that was ready before the gateway looked: when it became ready is not invented', () => {
    expect(stretches([[100, state.ready(1, 3)]])).toEqual([['ready', 3, null, null]]);
    const known = { ...target('a:serve', [100, state.ready(1, 3)]), secondsToReady: 2 };
    expect(stretchesOf(known, 0).map(({ kind }) => kind)).toEqual(['running', 'ready']);
  });

  it('of a server whose time of readiness is of an earlier start: ready when the gateway saw it', () => {
    const history: History = [
      [1, state.ended(0, 1, 'crash')],
      [30.1, state.running(30)],
      [31.2, state.ready(30, 2.9)],
    ];
    expect(stretches(history)).toEqual([
      ['running', 0, 1, 'failed'],
      ['failed', 1, 30, null],
      ['running', 30, 31.2, 'ready'],
      ['ready', 31.2, null, null],
    ]);
  });

  it('of a job that ran again inside a phase: its newest run too', () => {
    const job = target('a:update', [3.1, state.ended(1, 3)]);
    const again = { ...job, state: state.ended(5, 7), since: time(7) };
    expect(stretchesOf(again, 0).map(({ start, end }) => [seconds(start), end && seconds(end)])).toEqual([
      [1, 3],
      [5, 7],
    ]);
  });

  it('of a pod, which has no finish time: until the gateway saw it', () => {
    const history: History = [
      [1.1, state.running(1)],
      [4, state.retrying(1)],
      [6, state.running(1)],
      [8.1, state.ready(1, 8)],
    ];
    expect(stretches(history)).toEqual([
      ['running', 1, 4, 'retrying'],
      ['retrying', 4, 6, null],
      ['running', 6, 8, 'ready'],
      ['ready', 8, null, null],
    ]);
  });

  it('of one that is inactive or disabled: none, from then on', () => {
    expect(stretches([[1, state.inactive()]])).toEqual([]);
    const history: History = [
      [1.1, state.ready(0, 1)],
      [5, state.disabled()],
    ];
    expect(stretches(history)).toEqual([['ready', 1, 5, null]]);
  });

  it('never overlap or run backwards: what the gateway saw late gives way to what Tilt says', () => {
    const history: History = [
      [5, state.waiting()],
      [5.2, state.running(4)],
      [5.4, state.ended(4, 4.5)],
    ];
    expect(stretches(history)).toEqual([['running', 4, 4.5, 'succeeded']]);
  });

  it('are put right by the difference of the clocks', () => {
    const history: History = [
      [101, state.waiting()],
      [104, state.running(4)],
    ];
    expect(clockOffsetOf([target('a:update', ...history).history])).toBe(100_000);
    expect(stretches(history, 100_000)).toEqual([
      ['waiting', 1, 4, null],
      ['running', 4, null, null],
    ]);
  });
});

describe('the difference of the clocks', () => {
  const offset = (...histories: History[]) =>
    clockOffsetOf(histories.map((history) => target('a', ...history).history));

  it('is told by what took least on its way, and not by what was there before the gateway looked', () => {
    expect(offset([[500, state.ended(1, 2)]])).toBe(0);
    expect(
      offset(
        [
          [0, null],
          [64, state.running(4)],
        ],
        [
          [0, null],
          [90, state.running(4)],
        ],
      ),
    ).toBe(60_000);
    expect(
      offset([
        [0, null],
        [4, state.running(34)],
      ]),
    ).toBe(-30_000);
  });

  it('is none where it is less than a second: that is the way of the news', () => {
    expect(
      offset([
        [0, null],
        [4.9, state.running(4)],
      ]),
    ).toBe(0);
  });
});

describe('a stretch in words', () => {
  const stretch = (given: Partial<Stretch>): Stretch => ({
    kind: 'running',
    start: ms(0),
    end: ms(1.255),
    outcome: 'succeeded',
    ...given,
  });

  it('says what it was, how long, what it came to, and when', () => {
    const hour = new Date(time(0)).getHours();
    expect(inWords(stretch({}), ms(9))).toBe(`ran 1.25 s, succeeded; ${hour}:00:00.000 to ${hour}:00:01.255`);
    expect(inWords(stretch({ kind: 'waiting', end: null, outcome: null }), ms(9))).toBe(
      `waited 9.00 s; ${hour}:00:00.000 so far`,
    );
  });

  it('has the look of what it came to', () => {
    const looks = (['succeeded', 'failed', 'retrying', null] as const).map((outcome) =>
      toneOf(stretch({ outcome })),
    );
    expect(looks).toEqual(['ok', 'bad', 'warn', 'busy']);
    expect(
      (['waiting', 'ready', 'failed'] as const).map((kind) => toneOf(stretch({ kind, outcome: null }))),
    ).toEqual(['idle', 'ok', 'bad']);
  });
});
