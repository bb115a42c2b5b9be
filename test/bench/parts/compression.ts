import { startChild } from '../harness/child.js';
import type { CompressApi } from '../store/compress.js';
import { type Column, OURS, type Part } from './part.js';

const COLUMNS: readonly Column[] = [
  { key: 'pack', title: 'pack µs', digits: 0 },
  { key: 'unpack', title: 'unpack gzip µs', digits: 0 },
  { key: 'parse', title: 'JSON.parse µs', digits: 0 },
  { key: 'bytes', title: 'bytes', digits: 0 },
  { key: 'ratio', title: 'times smaller', digits: 1 },
];

/** Cost and benefit of compressing the values in a bucket. */
export const compression: Part = {
  name: 'compression',
  title: 'the state of a Session as a bucket holds it, compressed',
  entrants: [OURS],
  columns: COLUMNS,
  goals: [],
  async measure(_entrant, { quick, signal }) {
    await using child = startChild<CompressApi>('store/compress', signal);
    const results = await child.call('compress', { quick }, 180_000);
    return results.map(({ how, targets, ...values }) => ({
      name: `${targets.toLocaleString('en')} targets, ${how}`,
      values,
      fault: null,
    }));
  },
};
