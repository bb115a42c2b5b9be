import { describe, expect, it } from 'vitest';
import { annotations } from '../../../src/cli/wait/annotations.js';
import { excerptFields } from '../../support/excerpts.js';
import { blockedBy, targetFields } from '../../support/target-fields.js';
import { waitReport } from '../../support/wait-report.js';

describe('annotations for GitHub Actions', () => {
  it('annotations escape names and errors, so that commands cannot be injected', () => {
    const target = targetFields('a:b,c%\n::error::x', 'FAILED', {
      resources: ['a'],
      error: '100%: y, z, ##[stop-commands]x \u001b[31mred\r\n::warning::y',
    });
    expect(annotations(waitReport('failed', [target]))).toEqual([
      '::error title=a%3Ab%2Cc%25 %3A%3Aerror%3A%3Ax::100%25: y, z, # #[stop-commands]x red; log of a: tilt logs a',
    ]);
  });

  it('there is no annotation for a reached condition, and one for a wait without a failed target', () => {
    const ready = [targetFields('api:serve', 'READY')];
    expect(annotations(waitReport('reached', ready))).toEqual([]);
    expect(annotations(waitReport('unknown', ready))).toEqual(['::error title=wait to be ready::the reason']);
  });

  it.each(['unknown', 'impossible'] as const)(
    'the annotation of the result %s has its reason, not a failed target that did not decide it',
    (result) => {
      const failed = [targetFields('api:update', 'FAILED')];
      expect(annotations(waitReport(result, failed))).toEqual(['::error title=wait to be ready::the reason']);
    },
  );

  it('a notice names the resources that wait for a trigger, also for a reached condition', () => {
    const targets = [
      targetFields('api:serve', 'READY'),
      targetFields('a%:update', 'UNTRIGGERED', { resources: ['a%\n::x'] }),
    ];
    expect(annotations(waitReport('reached', targets))).toEqual([
      '::notice title=wait to be ready::waiting for a trigger: a%25 ::x; run "tilt trigger \'a%25 ::x\'"',
    ]);
  });

  it('the annotation of a timeout has the log command of the root cause', () => {
    const targets = [
      targetFields('api:serve', 'RUNNING'),
      targetFields('web:serve', 'WAITING', blockedBy('api:serve')),
    ];
    expect(annotations(waitReport('timeout', targets))).toEqual([
      '::error title=wait to be ready::the reason; log of api: tilt logs api',
    ]);
  });

  it('there are at most ten annotations, because GitHub shows no more', () => {
    const many = Array.from({ length: 12 }, (_, index) => targetFields(`t${index}`, 'FAILED'));
    expect(annotations(waitReport('failed', many))).toHaveLength(10);
  });

  it('the annotation of a root cause has the last line of its log with a word, and no commands of it', () => {
    const target = targetFields('unit:update', 'FAILED');
    const lines = ['FAIL adds numbers', '  100% expected 4\u001b[31m, got ##[5]\r\n::error::x', '', '─────'];
    const excerpts = new Map([['unit:update', excerptFields(lines)]]);
    const line = '100%25 expected 4, got # #[5] ::error::x';
    expect(annotations(waitReport('failed', [target], { excerpts }))).toEqual([
      `::error title=unit%3Aupdate::exit status 1; ${line}; log of unit: tilt logs unit`,
    ]);
    const web = targetFields('web:update', 'WAITING', blockedBy('unit:update'));
    const condition = { target: 'web:update', phase: 'SUCCEEDED' } as const;
    expect(annotations(waitReport('timeout', [target, web], { excerpts, condition }))).toEqual([
      `::error title=wait for web%3Aupdate to be SUCCEEDED::the reason; ${line}; log of unit: tilt logs unit`,
    ]);
  });

  it('the last line of a log is shortened in an annotation', () => {
    const excerpts = new Map([['unit:update', excerptFields(['x'.repeat(4_000)])]]);
    const [annotation] = annotations(
      waitReport('failed', [targetFields('unit:update', 'FAILED')], { excerpts }),
    );
    expect(annotation).toContain(`; ${'x'.repeat(299)}…; `);
  });
});
