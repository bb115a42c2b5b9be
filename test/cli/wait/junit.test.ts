import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../src/cli/wait/junit.js';
import { targetFields } from '../../support/target-fields.js';
import { waited } from '../../support/waited.js';

const TARGETS = [
  targetFields('api:serve', 'READY'),
  targetFields('docs:serve', 'DISABLED'),
  targetFields('lint:update', 'SUCCEEDED'),
  targetFields('web:update', 'WAITING'),
];

describe('a JUnit report', () => {
  it('has a case for each target: well, failed, or skipped', () => {
    const failed = targetFields('unit:update', 'FAILED', { resources: ['unit', 'all'] });
    expect(junitReport(waited('failed', [...TARGETS, failed]))).toBe(
      [
        '<testsuites tests="5" errors="0" failures="1" skipped="2" name="tilt-graphql wait">',
        '<testsuite tests="5" errors="0" failures="1" skipped="2" name="tilt-default/Tiltfile" time="3" timestamp="2026-11-22T11:00:00.000Z">',
        '<testcase name="api:serve" classname="api" time="1.5"></testcase>',
        '<testcase name="docs:serve" classname="docs"><skipped></skipped></testcase>',
        '<testcase name="lint:update" classname="lint" time="2.25"></testcase>',
        '<testcase name="web:update" classname="web"><skipped></skipped></testcase>',
        '<testcase name="unit:update" classname="unit, all" time="2.25"><failure type="FAILED">exit status 1</failure></testcase>',
        '</testsuite></testsuites>',
      ].join(''),
    );
  });

  it('says of what blocked when the time was up that it failed', () => {
    expect(junitReport(waited('timeout', TARGETS))).toContain(
      '<testcase name="web:update" classname="web"><failure type="WAITING">waiting: on-dep</failure></testcase>',
    );
  });

  it.each(['unknown', 'failed', 'timeout'] as const)('is never all green when the result is %s', (result) => {
    const report = junitReport(waited(result, TARGETS.slice(0, 1), { session: null }));
    expect(report).toContain(
      `<testcase name="wait to be ready" classname="tilt-graphql" time="3"><failure type="${result}">the reason</failure></testcase>`,
    );
    expect(report).toContain('failures="1"');
  });

  it('is all green when a failure was what was waited for', () => {
    const condition = { target: 'unit:update', phase: 'FAILED' } as const;
    const report = junitReport(waited('reached', [targetFields('unit:update', 'FAILED')], { condition }));
    expect(report).toContain('failures="0"');
  });

  it('is XML whatever names and errors hold', () => {
    const error = 'a <b> & "c"\n\u001b[31m\u0000\u009b\uffff ]]> </error><error';
    const report = junitReport(waited('failed', [targetFields('<x>\u0007', 'FAILED', { error })]));
    expect(report).toContain('name="&lt;x&gt;\ufffd"');
    expect(report).toContain(
      'a &lt;b&gt; &amp; &quot;c&quot;\n\ufffd[31m\ufffd\ufffd\ufffd ]]&gt; &lt;/error&gt;&lt;error</failure>',
    );
  });
});
