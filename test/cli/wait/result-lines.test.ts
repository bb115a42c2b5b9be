import { describe, expect, it } from 'vitest';
import { resultLines } from '../../../src/cli/wait/result-lines.js';
import { excerptFields } from '../../support/excerpts.js';
import { blockedBy, targetFields } from '../../support/target-fields.js';
import { RUN, waitReport } from '../../support/wait-report.js';

/** Run of a result. */
const RUN_TEXT = '; run: /home/dev/shop/Tiltfile, started 2026-11-22T11:00:00.000000Z, pid 4711';

const TARGETS = [
  targetFields('api:serve', 'RUNNING'),
  targetFields('lint:update', 'SUCCEEDED'),
  targetFields('unit:update', 'FAILED', { error: 'one\ntwo' }),
  targetFields('web:update', 'WAITING'),
];

describe('result of wait', () => {
  it('wait prints one line for a reached condition', () => {
    expect(resultLines(waitReport('reached', TARGETS))).toEqual([
      'reached: waited 3s for tilt-default/Tiltfile to be ready: 4 targets (1 waiting, 1 running, 1 succeeded, 1 failed)' +
        RUN_TEXT,
    ]);
  });

  it('wait prints failed targets with their errors in one line', () => {
    expect(resultLines(waitReport('failed', TARGETS))).toEqual([
      `failed: waited 3s for tilt-default/Tiltfile to be ready${RUN_TEXT}`,
      '  unit:update: FAILED: one',
      '  log of unit: tilt logs unit',
    ]);
  });

  it('wait prints the reason when no target failed', () => {
    expect(resultLines(waitReport('failed', []))).toEqual([
      `failed: waited 3s for tilt-default/Tiltfile to be ready${RUN_TEXT}`,
      '  the reason',
    ]);
  });

  it('wait prints the blocking targets at a timeout, with the start of their phase', () => {
    expect(resultLines(waitReport('timeout', TARGETS))).toEqual([
      `timeout: waited 3s for tilt-default/Tiltfile to be ready${RUN_TEXT}`,
      '  api:serve: RUNNING for 1m00s, since 2026-11-22T11:00:05.000Z: running',
      '  web:update: WAITING for 1m00s, since 2026-11-22T11:00:05.000Z: waiting: on-dep',
      '  log of api: tilt logs api',
      '  log of web: tilt logs web',
    ]);
  });

  it('wait for a target prints only that target, with the start of its phase as Tilt reports it', () => {
    const condition = { target: 'api:serve', phase: 'READY' } as const;
    const targets = [
      targetFields('api:serve', 'RUNNING', { since: '2026-11-22T11:00:00Z' }),
      ...TARGETS.slice(1),
    ];
    expect(resultLines(waitReport('timeout', targets, { condition }))).toEqual([
      `timeout: waited 3s for api:serve of tilt-default/Tiltfile to be READY${RUN_TEXT}`,
      '  api:serve: RUNNING for 1m05s, since 2026-11-22T11:00:00.000Z: running',
      '  log of api: tilt logs api',
    ]);
  });

  it('wait prints no targets whose states may be out of date', () => {
    expect(resultLines(waitReport('timeout', TARGETS, { isStale: true }))).toEqual([
      `timeout: waited 3s for tilt-default/Tiltfile to be ready${RUN_TEXT}`,
      '  the reason',
    ]);
    expect(resultLines(waitReport('unknown', TARGETS))).toEqual([`unknown: the reason${RUN_TEXT}`]);
  });

  it('wait prints at most fifty targets', () => {
    const many = Array.from({ length: 52 }, (_, index) => targetFields(`t${index}`, 'FAILED'));
    const lines = resultLines(waitReport('failed', many));
    expect(lines.slice(50)).toEqual([
      '  t49: FAILED: exit status 1',
      '  and 2 more',
      ...[0, 1, 2, 3, 4].map((index) => `  log of t${index}: tilt logs t${index}`),
    ]);
  });

  it('wait --verbose prints errors in full', () => {
    const error = 'Traceback (most recent call last):\n  /shop/Tiltfile:1:5: in <toplevel>\nError: nope';
    const report = waitReport('failed', [targetFields('tiltfile:update', 'FAILED', { error })]);
    expect(resultLines(report)[1]).toBe('  tiltfile:update: FAILED: Error: nope');
    expect(resultLines(report, true).slice(1, 5)).toEqual([
      '  tiltfile:update: FAILED: Error: nope',
      '    Traceback (most recent call last):',
      '      /shop/Tiltfile:1:5: in <toplevel>',
      '    Error: nope',
    ]);
  });

  it('wait prints how often the run was restarted', () => {
    const report = waitReport('reached', TARGETS, { replacedRuns: [RUN, RUN] });
    expect(resultLines(report)[0]).toMatch(/pid 4711, restarted 2 times during the wait$/);
  });

  it.each([
    ['##[stop-commands]token', 'a', '  a: FAILED: # #[stop-commands]token'],
    ['x ##vso[task.setvariable]y', 'a', '  a: FAILED: x # #vso[task.setvariable]y'],
    ['y', '::stop-commands::token', '  : :stop-commands::token: FAILED: y'],
    ['\u001b]8;;http://x\u0007link\u001b]8;;\u0007 \u001b[31mred', 'a', '  a: FAILED: link red'],
    ['one\rtwo', 'a\u001b[2Jb', '  ab: FAILED: one'],
  ])('the result has nothing of %j that a CI runner or a terminal would interpret', (error, name, line) => {
    expect(resultLines(waitReport('failed', [targetFields(name, 'FAILED', { error })]))[1]).toBe(line);
  });

  const NOISE = Array.from({ length: 12 }, (_, index) => `line ${index}`);
  const UNIT = targetFields('unit:update', 'FAILED');

  it('wait prints under a failed target the last ten lines of its log, with their indentation', () => {
    const excerpt = excerptFields([...NOISE, 'FAIL adds numbers', '\texpected 4, got 5', '', ' '], {
      omitted: 100,
    });
    const report = waitReport('failed', [UNIT], { excerpts: new Map([['unit:update', excerpt]]) });
    expect(resultLines(report).slice(1)).toEqual([
      '  unit:update: FAILED: exit status 1',
      '    | … 104 earlier lines',
      ...NOISE.slice(4).map((line) => `    | ${line}`),
      '    | FAIL adds numbers',
      '    |     expected 4, got 5',
      '  log of unit: tilt logs unit',
    ]);
    expect(resultLines(report, true).slice(2, 5)).toEqual([
      '    | … 100 earlier lines',
      '    | line 0',
      '    | line 1',
    ]);
  });

  it('wait prints the log of a root cause once, under the first target that waits for it', () => {
    const condition = { target: 'web:update', phase: 'SUCCEEDED' } as const;
    const web = targetFields('web:update', 'WAITING', blockedBy('unit:update'));
    const excerpts = new Map([['unit:update', excerptFields(['expected 4, got 5'])]]);
    const timeout = waitReport('timeout', [UNIT, web], { condition, excerpts });
    expect(resultLines(timeout).slice(1, 3)).toEqual([
      expect.stringMatching(
        /^ {2}web:update: WAITING for .*: web waits for unit, unit failed: exit status 1$/,
      ),
      '    | expected 4, got 5',
    ]);
    const failed = resultLines(waitReport('failed', [UNIT, web], { excerpts }));
    expect(failed.filter((line) => line.includes('| '))).toEqual(['    | expected 4, got 5']);
  });

  it('wait shortens long lines of a log, unless it is verbose', () => {
    const excerpts = new Map([['unit:update', excerptFields(['x'.repeat(4_000)])]]);
    const report = waitReport('failed', [UNIT], { excerpts });
    expect(resultLines(report)[2]).toBe(`    | ${'x'.repeat(499)}…`);
    expect(resultLines(report, true)[2]).toBe(`    | ${'x'.repeat(4_000)}`);
  });

  it('wait prints the log of a target without terminal sequences and log commands', () => {
    const lines = [
      '::error::x',
      '##[stop-commands]x',
      '##vso[task.setvariable]x',
      '\u001b]8;;http://x\u0007a\u001b[31mb\u001b[2J',
      'c\u202ed\r\n::warning::e\u2028::f::g',
    ];
    const excerpts = new Map([['unit:update', excerptFields(lines)]]);
    expect(resultLines(waitReport('failed', [UNIT], { excerpts })).slice(2, 7)).toEqual([
      '    | ::error::x',
      '    | # #[stop-commands]x',
      '    | # #vso[task.setvariable]x',
      '    | ab',
      '    | c\ufffdd ::warning::e ::f::g',
    ]);
  });
});
