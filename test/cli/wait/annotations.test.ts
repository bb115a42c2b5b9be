import { describe, expect, it } from 'vitest';
import { annotations } from '../../../src/cli/wait/annotations.js';
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
});
