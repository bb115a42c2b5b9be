import { describe, expect, it } from 'vitest';
import { findBlockers } from '../../src/model/blockers.js';

describe('findBlockers', () => {
  it('groups targets by the phases that keep a Session from being good, those first that need a person', () => {
    const phases = ['waiting', 'ready', 'FAILED', 'running', 'inactive', 'RETRYING', 'disabled', 'succeeded'];
    const blockers = findBlockers([...phases, 'failed'], (phase) => phase);
    expect(Object.entries(blockers)).toEqual([
      ['failed', ['FAILED', 'failed']],
      ['retrying', ['RETRYING']],
      ['running', ['running']],
      ['waiting', ['waiting']],
    ]);
  });
});
