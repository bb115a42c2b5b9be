import { describe, expect, it } from 'vitest';
import {
  deriveSegments,
  describeSegment,
  estimateClockOffset,
  type Segment,
  toneOf,
} from '../../../src/dashboard/model/segments.js';
import { ms, state, target, time } from '../../support/dashboard-data.js';

type History = Parameters<typeof target>[1][];

/** Derives the segments of a history: kind, start and end in seconds after 12:00, outcome. */
function segments(history: History, offset = 0) {
  return deriveSegments(target('a:update', ...history), offset).map(({ kind, start, end, outcome }) =>
    [kind, seconds(start), end === null ? null : seconds(end), outcome].filter((part) => part !== undefined),
  );
}

const seconds = (at: number) => Number(((at - ms(0)) / 1_000).toFixed(6));

describe('deriveSegments', () => {
  it('a job waits, then runs from its start to its finish by Tilt', () => {
    const history: History = [
      [1, state.waiting('tiltfile-reload')],
      [2, state.waiting('waiting-for-dep')],
      [4.1, state.running(4)],
      [9.1, state.ended(4, 9)],
    ];
    expect(segments(history)).toEqual([
      ['waiting', 1, 4, null],
      ['running', 4, 9, 'succeeded'],
    ]);
  });

  it('a failed job stays failed until its next start', () => {
    const history: History = [
      [5.1, state.ended(4, 5, 'boom')],
      [8.1, state.running(8)],
      [9.1, state.ended(8, 9)],
    ];
    expect(segments(history)).toEqual([
      ['running', 4, 5, 'failed'],
      ['failed', 5, 8, null],
      ['running', 8, 9, 'succeeded'],
    ]);
  });

  it('a server runs until it is ready, and is ready until it fails', () => {
    const history: History = [
      [1.1, state.running(1)],
      [3.1, state.ready(1, 3)],
      [7.1, state.ended(1, 7, 'crash')],
    ];
    expect(segments(history)).toEqual([
      ['running', 1, 3, 'ready'],
      ['ready', 3, 7, null],
      ['failed', 7, null, null],
    ]);
  });

  it('a server that loses its readiness runs until it is ready again', () => {
    const history: History = [
      [3.1, state.ready(1, 3)],
      [5, state.running(1)],
      [6.1, state.ready(1, 6)],
    ];
    expect(segments(history)).toEqual([
      ['ready', 3, 5, null],
      ['running', 5, 6, 'ready'],
      ['ready', 6, null, null],
    ]);
  });

  it('a target that is older than the gateway has the times of Tilt', () => {
    expect(segments([[100, state.ended(1, 3)]])).toEqual([['running', 1, 3, 'succeeded']]);
  });

  it('a server that was ready before the gateway started has no invented run', () => {
    expect(segments([[100, state.ready(1, 3)]])).toEqual([['ready', 3, null, null]]);
    const known = { ...target('a:serve', [100, state.ready(1, 3)]), secondsToReady: 2 };
    expect(deriveSegments(known, 0).map(({ kind }) => kind)).toEqual(['running', 'ready']);
  });

  it('a server whose time of readiness precedes its start is ready when the gateway observed it', () => {
    const history: History = [
      [1, state.ended(0, 1, 'crash')],
      [30.1, state.running(30)],
      [31.2, state.ready(30, 2.9)],
    ];
    expect(segments(history)).toEqual([
      ['running', 0, 1, 'failed'],
      ['failed', 1, 30, null],
      ['running', 30, 31.2, 'ready'],
      ['ready', 31.2, null, null],
    ]);
  });

  it('a job that ran again within its phase has its newest run too', () => {
    const job = target('a:update', [3.1, state.ended(1, 3)]);
    const again = { ...job, state: state.ended(5, 7), since: time(7) };
    expect(deriveSegments(again, 0).map(({ start, end }) => [seconds(start), end && seconds(end)])).toEqual([
      [1, 3],
      [5, 7],
    ]);
  });

  it('a run of a pod, which has no finish time, ends when the gateway observed the end', () => {
    const history: History = [
      [1.1, state.running(1)],
      [4, state.retrying(1)],
      [6, state.running(1)],
      [8.1, state.ready(1, 8)],
    ];
    expect(segments(history)).toEqual([
      ['running', 1, 4, 'retrying'],
      ['retrying', 4, 6, null],
      ['running', 6, 8, 'ready'],
      ['ready', 8, null, null],
    ]);
  });

  it('an inactive or disabled target has no further segments', () => {
    expect(segments([[1, state.inactive()]])).toEqual([]);
    const history: History = [
      [1.1, state.ready(0, 1)],
      [5, state.disabled()],
    ];
    expect(segments(history)).toEqual([['ready', 1, 5, null]]);
  });

  it('segments never overlap: observed times yield to the times of Tilt', () => {
    const history: History = [
      [5, state.waiting()],
      [5.2, state.running(4)],
      [5.4, state.ended(4, 4.5)],
    ];
    expect(segments(history)).toEqual([['running', 4, 4.5, 'succeeded']]);
  });

  it('observed times are corrected by the clock offset', () => {
    const history: History = [
      [101, state.waiting()],
      [104, state.running(4)],
    ];
    expect(estimateClockOffset([target('a:update', ...history).history])).toBe(100_000);
    expect(segments(history, 100_000)).toEqual([
      ['waiting', 1, 4, null],
      ['running', 4, null, null],
    ]);
  });
});

describe('estimateClockOffset', () => {
  const offset = (...histories: History[]) =>
    estimateClockOffset(histories.map((history) => target('a', ...history).history));

  it('the clock offset is the smallest delay, without first entries', () => {
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

  it('a clock offset below one second counts as zero', () => {
    expect(
      offset([
        [0, null],
        [4.9, state.running(4)],
      ]),
    ).toBe(0);
  });
});

describe('a segment', () => {
  const segment = (given: Partial<Segment>): Segment => ({
    kind: 'running',
    start: ms(0),
    end: ms(1.255),
    outcome: 'succeeded',
    ...given,
  });

  it('a segment is described with kind, duration, outcome and times', () => {
    const hour = new Date(time(0)).getHours();
    expect(describeSegment(segment({}), ms(9))).toBe(
      `ran 1.25 s, succeeded; ${hour}:00:00.000 to ${hour}:00:01.255`,
    );
    expect(describeSegment(segment({ kind: 'waiting', end: null, outcome: null }), ms(9))).toBe(
      `waited 9.00 s; ${hour}:00:00.000 so far`,
    );
  });

  it('a segment has the tone of its outcome', () => {
    const looks = (['succeeded', 'failed', 'retrying', null] as const).map((outcome) =>
      toneOf(segment({ outcome })),
    );
    expect(looks).toEqual(['ok', 'bad', 'warn', 'busy']);
    expect(
      (['waiting', 'ready', 'failed'] as const).map((kind) => toneOf(segment({ kind, outcome: null }))),
    ).toEqual(['idle', 'ok', 'bad']);
  });
});
