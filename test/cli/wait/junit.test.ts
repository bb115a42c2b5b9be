import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../src/cli/wait/junit.js';
import type { WaitReport } from '../../../src/cli/wait/wait-report.js';
import { excerptFields } from '../../support/excerpts.js';
import { blockedBy, sessionFields, targetFields, verdictFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

const TARGETS = [
  targetFields('api:serve', 'READY'),
  targetFields('docs:serve', 'DISABLED'),
  targetFields('lint:update', 'SUCCEEDED'),
  targetFields('web:update', 'WAITING'),
];

describe('JUnit report of wait', () => {
  it('a JUnit report has a passed, failed or skipped case for each target', () => {
    const failed = targetFields('unit:update', 'FAILED', { resources: ['unit', 'all'] });
    expect(junitReport(waitReport('failed', [...TARGETS, failed]))).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<testsuites name="tilt-graphql wait" tests="5" failures="1" errors="0" skipped="2" time="65">',
        '<testsuite name="tilt-default/Tiltfile" tests="5" failures="1" errors="0" skipped="2" time="65" timestamp="2026-11-22T11:00:00.000Z">',
        '<properties>',
        '<property name="result" value="failed"/>',
        '<property name="condition" value="to be ready"/>',
        '<property name="run" value="/home/dev/shop/Tiltfile, started 2026-11-22T11:00:00.000000Z, pid 4711"/>',
        '<property name="tiltfile" value="/home/dev/shop/Tiltfile"/>',
        '<property name="startTime" value="2026-11-22T11:00:00.000000Z"/>',
        '<property name="pid" value="4711"/>',
        '<property name="uid" value="a1"/></properties>',
        '<testcase name="api:serve" classname="api" time="1.5"/>',
        '<testcase name="docs:serve" classname="docs">',
        '<skipped/></testcase>',
        '<testcase name="lint:update" classname="lint" time="2.25"/>',
        '<testcase name="web:update" classname="web">',
        '<skipped/></testcase>',
        '<testcase name="unit:update" classname="unit, all" time="2.25">',
        '<failure type="FAILED" message="exit status 1">exit status 1</failure>',
        '<system-out>log of unit: tilt logs unit</system-out></testcase></testsuite></testsuites>',
        '',
      ].join('\n'),
    );
  });

  it('a JUnit report marks targets that blocked at the timeout as failed', () => {
    expect(junitReport(waitReport('timeout', TARGETS))).toContain(
      '<testcase name="web:update" classname="web">\n<failure type="WAITING" message="waiting: on-dep">waiting: on-dep</failure>\n',
    );
  });

  it('a JUnit report names root causes and the resources that wait for a trigger', () => {
    const targets = [
      targetFields('broken:update', 'FAILED', { error: 'exit status 4' }),
      targetFields('late:update', 'WAITING', blockedBy('broken:update')),
      targetFields('lint:update', 'UNTRIGGERED'),
    ];
    const report = junitReport(waitReport('failed', targets));
    expect(report).toContain(
      '<testcase name="late:update" classname="late">\n<skipped message="late waits for broken, broken failed: exit status 4"/></testcase>',
    );
    expect(report).toContain('<skipped message="waits for a trigger"/>');
    expect(report).toContain(
      '<system-out>waiting for a trigger: lint; run &quot;tilt trigger lint&quot;</system-out></testsuite>',
    );
    expect(junitReport(waitReport('timeout', targets))).toContain(
      '<failure type="WAITING" message="late waits for broken, broken failed: exit status 4">late waits for broken, broken failed: exit status 4</failure>\n<system-out>log of broken: tilt logs broken</system-out>',
    );
  });

  it('a JUnit report has a failure of its own for a cluster that cannot be reached', () => {
    const session = sessionFields([], {
      cluster: { error: 'dial tcp' },
      verdict: verdictFields('FAILED', 'cluster connection failed: dial tcp'),
    });
    const report = junitReport(waitReport('failed', [targetFields('x:update', 'FAILED')], { session }));
    expect(report).toContain('failures="2"');
    expect(report).toContain('<testcase name="wait to be ready"');
  });

  it.each(['unknown', 'failed', 'timeout', 'impossible', 'interrupted'] as const)(
    'a JUnit report is never green when the result is %s',
    (result) => {
      const report = junitReport(waitReport(result, TARGETS.slice(0, 1), { session: null }));
      expect(report).toContain(
        `<testcase name="wait to be ready" classname="tilt-graphql" time="3">\n<failure type="${result}" message="the reason">the reason</failure></testcase>`,
      );
      expect(report).toContain('failures="1"');
    },
  );

  it.each(['failed', 'timeout', 'interrupted', 'unknown', 'impossible'] as const)(
    'a failed target that a wait was not for does not hide the result %s of the wait',
    (result) => {
      const condition = { target: 'wbe:serve', phase: 'READY' } as const;
      const targets = [targetFields('api:update', 'FAILED'), targetFields('web:serve', 'READY')];
      const reason = 'target wbe:serve not found; did you mean web:serve?';
      const report = junitReport(waitReport(result, targets, { condition, reason }));
      expect(report).toContain(
        `</properties>\n<testcase name="wait for wbe:serve to be READY" classname="tilt-default/Tiltfile" time="3">\n<failure type="${result}" message="${reason}">`,
      );
      expect(report).toContain('failures="2"');
      expect(report).toContain('<failure type="FAILED" message="exit status 1">');
    },
  );

  it.each([
    ['failed', 'FAILED'],
    ['timeout', 'RUNNING'],
    ['interrupted', 'RUNNING'],
  ] as const)('a JUnit report of the result %s blames the target of the condition alone', (result, phase) => {
    const condition = { target: 'api:serve', phase: 'READY' } as const;
    const targets = [targetFields('api:serve', phase), targetFields('web:serve', 'READY')];
    const report = junitReport(waitReport(result, targets, { condition }));
    expect(report).toContain('failures="1"');
    expect(report).toContain(`<failure type="${phase}"`);
  });

  it.each(['unknown', 'timeout', 'interrupted'] as const)(
    'a JUnit report of the result %s skips a failed target whose state may be out of date',
    (result) => {
      const targets = [targetFields('api:update', 'FAILED')];
      const report = junitReport(waitReport(result, targets, { isStale: true }));
      expect(report).toContain('failures="1"');
      expect(report).toContain(`<failure type="${result}" message="the reason">`);
      expect(report).toContain('<skipped message="last known state: exit status 1"/>');
    },
  );

  it('a JUnit report is green when the failure was the condition', () => {
    const condition = { target: 'unit:update', phase: 'FAILED' } as const;
    const report = junitReport(waitReport('reached', [targetFields('unit:update', 'FAILED')], { condition }));
    expect(report).toContain('failures="0"');
  });

  it('a JUnit report is valid XML for any name and error', () => {
    const error = 'a <b> & "c"\n\u001b[31mred\u0000\u009b\uffff\ud800 ]]> </error><error';
    const report = junitReport(waitReport('failed', [targetFields('<x>\u0007', 'FAILED', { error })]));
    expect(report).toContain('name="&lt;x&gt;\ufffd"');
    expect(report).toContain('message="a &lt;b&gt; &amp; &quot;c&quot;"');
    expect(report).toContain(
      '>a &lt;b&gt; &amp; &quot;c&quot;\nred\ufffd\ufffd\ufffd\ufffd ]]&gt; &lt;/error&gt;&lt;error</failure>',
    );
  });

  it('a JUnit report has the duration of the run, not of the wait, and never a negative one', () => {
    const session = (state: 'LIVE' | 'GONE', since: string) =>
      sessionFields(TARGETS, { connection: { state, since, error: null } });
    const timeOf = (report: WaitReport) => /<testsuite .* time="([^"]*)"/.exec(junitReport(report))?.[1];
    const gone = session('GONE', '2026-11-22T11:00:30.500000Z');
    expect(timeOf(waitReport('reached', TARGETS, { session: gone }))).toBe('30.5');
    const early = session('GONE', '2026-11-22T10:59:00.000000Z');
    expect(timeOf(waitReport('reached', TARGETS, { session: early }))).toBe('3');
    expect(timeOf(waitReport('unknown', [], { session: null }))).toBe('3');
    const done = sessionFields(TARGETS, { verdict: { ...verdictFields('PASSED'), final: true } });
    expect(timeOf(waitReport('reached', TARGETS, { session: done }))).toBe('2.25');
  });

  it('a JUnit report has the full error of a Tiltfile, with its headline as the message', () => {
    const error =
      'Traceback (most recent call last):\n  /shop/Tiltfile:1:5: in <toplevel>\n  <builtin>: in fail\nError: nope';
    const report = junitReport(waitReport('failed', [targetFields('tiltfile:update', 'FAILED', { error })]));
    expect(report).toContain(
      '<failure type="FAILED" message="Error: nope">Traceback (most recent call last):\n',
    );
  });

  it('a JUnit report has the last lines of the log of a root cause, also if it is skipped', () => {
    const targets = [
      targetFields('db:update', 'RETRYING'),
      targetFields('unit:update', 'FAILED'),
      targetFields('web:update', 'WAITING', blockedBy('unit:update')),
    ];
    const excerpts = new Map([
      ['unit:update', excerptFields(['FAIL adds <numbers>', '  expected 4 ]]>\u0007\ud800'], { omitted: 7 })],
      ['db:update', excerptFields(['no connection'])],
    ]);
    const report = junitReport(waitReport('failed', targets, { excerpts }));
    expect(report).toContain(
      [
        '<system-out>… 7 earlier lines',
        'FAIL adds &lt;numbers&gt;',
        '  expected 4 ]]&gt;\ufffd\ufffd',
        'log of unit: tilt logs unit</system-out></testcase>',
      ].join('\n'),
    );
    expect(report).toContain('<skipped/>\n<system-out>no connection</system-out></testcase>');
    expect(report.match(/FAIL adds/g)).toHaveLength(1);
  });
});
