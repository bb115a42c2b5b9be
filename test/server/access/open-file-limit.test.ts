import { describe, expect, it } from 'vitest';
import { openFileLimit } from '../../../src/server/access/open-file-limit.js';

const NO_PROC = () => {
  throw new Error('ENOENT: no such file or directory');
};
const PROC = 'Limit                     Soft Limit           Hard Limit           Units\n';

describe('the limit of open files', () => {
  it('the limit of open files is that of /proc on Linux, without a diagnostic report', () => {
    const limit = openFileLimit({
      readProcLimits: () =>
        `${PROC}Max open files            1024                 4096                 files\n`,
      getReport: () => expect.fail('unexpected report'),
    });
    expect(limit).toBe(1_024);
  });

  it.each([
    [{ userLimits: { open_files: { soft: 256, hard: 'unlimited' } } }, 256],
    [{ userLimits: { open_files: { soft: 'unlimited', hard: 'unlimited' } } }, Number.POSITIVE_INFINITY],
    [{ header: {} }, Number.POSITIVE_INFINITY],
  ])('the limit of open files without /proc and with the diagnostic report %j is %d', (report, limit) => {
    expect(openFileLimit({ readProcLimits: NO_PROC, getReport: () => report })).toBe(limit);
  });

  it.skipIf(process.platform !== 'linux')('/proc and the report of Node.js give the same limit', () => {
    const getReport = () => process.report.getReport();
    expect(openFileLimit({ readProcLimits: NO_PROC, getReport })).toBe(openFileLimit());
  });
});
