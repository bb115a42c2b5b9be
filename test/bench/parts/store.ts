import { startChild } from '../harness/child.js';
import type { StoreApi } from '../store/measure.js';
import { atMost, type Column, OURS, type Part } from './part.js';

const RATIO: Column = { key: 'ratio', title: 'apply / parse', digits: 2 };

/** Cost of an update before any reader is notified. */
export const store: Part = {
  name: 'store',
  title: 'decode + diff + apply of an update with one change, and JSON.parse of the same bytes',
  entrants: [OURS],
  columns: [
    RATIO,
    { key: 'parse', title: 'parse ms', digits: 3 },
    { key: 'apply', title: 'apply ms', digits: 3 },
    { key: 'heap', title: 'heap MB', digits: 1 },
  ],
  goals: [atMost(RATIO, 2, 'one Session of 10,000 targets')],
  async measure(_entrant, { quick, signal }) {
    await using child = startChild<StoreApi>('store/measure', signal);
    const results = await child.call('measure', { quick }, 180_000);
    return results.map(({ name, ...values }) => ({
      name,
      values: { ...values, ratio: values.apply / values.parse },
      fault: null,
    }));
  },
};
