import { describe, expect, it } from 'vitest';
import { createProgressReporter } from '../../../src/cli/wait/progress.js';
import type { Condition, TargetFields, TargetsView } from '../../../src/client/client.js';
import { createSteppedClock } from '../../support/stepped-clock.js';
import { blockedBy, createTargetsView, sessionFields, targetFields } from '../../support/target-fields.js';
import { RUN } from '../../support/wait-report.js';

const PROGRESS = { run: RUN, replacedRuns: [], reason: 'the reason' };

interface Options {
  readonly isVerbose?: boolean;
  readonly columns?: number;
  readonly condition?: Condition;
}

function startReporter({ isVerbose = false, columns = 200, condition = 'ready' }: Options = {}) {
  const clock = createSteppedClock();
  const lines: string[] = [];
  const reporter = createProgressReporter({
    session: 'a/Tiltfile',
    condition,
    isVerbose,
    columns,
    clock,
    write: (text) => lines.push(text.trimEnd()),
  });
  const show = (targets: readonly TargetFields[], view: Partial<TargetsView> = {}) =>
    reporter.show(createTargetsView(targets, { session: sessionFields(targets), ...view }), PROGRESS);
  /** Lines since the last call. */
  const taken = () => lines.splice(0);
  return { clock, reporter, show, taken };
}

/** Target in a phase WAITING with this reason. */
function waiting(name: string, waitReason: string): TargetFields {
  const state = { __typename: 'TargetStateWaiting', waitReason, summary: `waiting: ${waitReason}` } as const;
  return targetFields(name, 'WAITING', { state });
}

describe('progress of wait', () => {
  it('wait reports its start, the run and each change of the blocking targets, but not of their wait reasons', () => {
    const { show, taken } = startReporter();
    expect(taken()).toEqual(['0s waiting for a/Tiltfile to be ready']);
    show([waiting('x', 'unknown')]);
    expect(taken()).toEqual([
      '0s run: /home/dev/shop/Tiltfile, started 2026-11-22T11:00:00.000000Z, pid 4711',
      '0s waiting for a/Tiltfile to be ready: PENDING, 0 of 1 targets ready or succeeded; x WAITING',
    ]);
    for (const reason of ['waiting-for-local', 'unknown', 'waiting-for-local']) show([waiting('x', reason)]);
    expect(taken()).toEqual([]);
    show([targetFields('x', 'RUNNING')]);
    expect(taken()).toEqual([
      '0s waiting for a/Tiltfile to be ready: PENDING, 0 of 1 targets ready or succeeded; x RUNNING',
    ]);
  });

  it('wait names the target and its Session if the condition is the phase of a target', () => {
    const { show, taken } = startReporter({ condition: { target: 'x', phase: 'READY' } });
    expect(taken()).toEqual(['0s waiting for x of a/Tiltfile to be READY']);
    show([targetFields('x', 'RUNNING')]);
    expect(taken().at(-1)).toBe('0s waiting for x of a/Tiltfile to be READY: the reason');
  });

  it('wait reports once a minute when the wall clock is set back, and nothing after its end', async () => {
    const { clock, reporter, show, taken } = startReporter();
    show([targetFields('x', 'RUNNING')]);
    taken();
    clock.step(-3_600_000);
    await clock.advance(59_999);
    expect(taken()).toEqual([]);
    await clock.advance(1);
    expect(taken()).toEqual([
      '1m00s waiting for a/Tiltfile to be ready: PENDING, 0 of 1 targets ready or succeeded; x RUNNING',
    ]);
    await clock.advance(600_000);
    expect(taken()).toHaveLength(10);
    reporter.end();
    await clock.advance(600_000);
    expect(taken()).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('wait reports a lost connection with its error', () => {
    const { show, taken } = startReporter();
    const link = { state: 'lost', since: 0, error: 'connect ECONNREFUSED', url: null, isDown: true } as const;
    show([], { link });
    expect(taken().at(-1)).toBe(
      '0s waiting for a/Tiltfile to be ready: connection to the gateway lost: connect ECONNREFUSED',
    );
  });

  it('wait reports the root causes of blocking targets', () => {
    const { show, taken } = startReporter();
    show([
      targetFields('broken:update', 'RETRYING', { error: 'exit status 4' }),
      targetFields('late:update', 'WAITING', blockedBy('broken:update')),
    ]);
    expect(taken().at(-1)).toMatch(
      /; broken:update RETRYING, late:update WAITING for broken \(retrying: exit status 4\)$/,
    );
  });

  it.each([40, 80, 200])('progress lines keep to %i columns for any number of targets', (columns) => {
    const { show, taken } = startReporter({ columns, isVerbose: true });
    const targets = Array.from({ length: 70 }, (_, index) =>
      targetFields(`a-rather-long-name-${index}`, 'WAITING'),
    );
    show(targets);
    expect(Math.max(...taken().map(({ length }) => length))).toBeLessThanOrEqual(columns);
  });

  it('progress lines contain no command for a CI runner', () => {
    const { show, taken } = startReporter();
    show([targetFields('##[stop-commands]x', 'RUNNING')]);
    expect(taken().at(-1)).toContain('# #[stop-commands]x RUNNING');
  });

  it('wait --verbose reports each change of the counts too', () => {
    const { show, taken } = startReporter({ isVerbose: true });
    const done = targetFields('y', 'SUCCEEDED');
    show([targetFields('x', 'RUNNING')]);
    taken();
    show([targetFields('x', 'RUNNING'), done]);
    expect(taken()).toEqual([
      '0s waiting for a/Tiltfile to be ready: PENDING, 1 of 2 targets ready or succeeded; x RUNNING',
    ]);
  });
});
