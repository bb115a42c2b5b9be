import { signal } from '@preact/signals';
import { describe, expect, it } from 'vitest';
import { applyPayload, EMPTY_TAIL } from '../../../src/dashboard/model/log-tail.js';
import { createLogReader, type LogReader } from '../../../src/dashboard/state/log-reader.js';
import { logPayload, receivedLine } from '../../support/log-payloads.js';

function startReader() {
  const tail = signal(EMPTY_TAIL);
  const reader = createLogReader(tail, 'api:update');
  const receive = (...payload: Parameters<typeof logPayload>) => {
    tail.value = applyPayload(tail.value, logPayload(...payload), 0);
  };
  return { reader, receive };
}

const texts = ({ items }: LogReader) =>
  items.value.map((item) => (item.type === 'line' ? item.text : `(${item.count})`));
const position = ({ matches, index }: LogReader) => matches.value[index.value]?.line ?? null;

describe('a paused log', () => {
  it('a paused log shows the same lines and counts the new ones until it is resumed', () => {
    const { reader, receive } = startReader();
    receive(['a'], { reset: true });
    reader.pause();
    receive(['b', 'c'], { dropped: 1 });
    reader.pause();
    expect(texts(reader)).toEqual(['a']);
    expect(reader.waiting.value).toBe(3);
    reader.resume();
    expect(texts(reader)).toEqual(['a', '(1)', 'b', 'c']);
    expect([reader.isPaused.value, reader.waiting.value]).toEqual([false, 0]);
  });
});

describe('the filter of a log', () => {
  it('lines of other targets can be left out if there are any', () => {
    const { reader, receive } = startReader();
    receive(['a'], { reset: true });
    expect(reader.isMixed.value).toBe(false);
    receive([receivedLine('b', { target: 'api:serve' }), receivedLine('c', { target: null }), 'd']);
    expect(reader.isMixed.value).toBe(true);
    reader.toggleFilter();
    expect(texts(reader)).toEqual(['a', 'd']);
    receive(['e'], { reset: true });
    expect(reader.isMixed.value).toBe(true);
    reader.toggleFilter();
    expect(reader.isMixed.value).toBe(false);
  });
});

describe('the search of a log reader', () => {
  it('steps lead from the newest match around all matches, and pause', () => {
    const { reader, receive } = startReader();
    receive(['x 0', 'y', 'x 2'], { reset: true });
    reader.move(-1);
    expect(reader.isPaused.value).toBe(false);
    reader.search('x');
    expect(position(reader)).toBe(null);
    reader.move(1);
    expect(position(reader)).toBe(2);
    expect(reader.isPaused.value).toBe(true);
    reader.move(1);
    expect(position(reader)).toBe(0);
    reader.move(-1);
    expect(position(reader)).toBe(2);
  });

  it('the place of the visitor stays when others are filtered, and ends when the log is resumed', () => {
    const { reader, receive } = startReader();
    receive([receivedLine('x 0', { target: null }), 'x 1', 'x 2'], { reset: true });
    reader.search('x');
    reader.move(-1);
    reader.move(-1);
    expect(position(reader)).toBe(1);
    reader.toggleFilter();
    expect([position(reader), reader.index.value]).toEqual([1, 0]);
    reader.resume();
    expect(position(reader)).toBe(null);
    reader.move(-1);
    reader.search('x ');
    expect(position(reader)).toBe(null);
  });
});
