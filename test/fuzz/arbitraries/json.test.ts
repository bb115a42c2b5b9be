import { describe, expect, it } from 'vitest';
import { edited, type JsonEdit } from './json.js';

describe('the edits of the JSON fuzzer', () => {
  const addLength: JsonEdit = { place: 0, act: 'add', key: 'length', value: 7 };

  it('leave the length of an array alone, which cannot be redefined', () => {
    expect(edited([1], [addLength])).toEqual([1]);
  });

  it('add a member called length to an object', () => {
    expect(edited({ a: 1 }, [addLength])).toEqual({ a: 1, length: 7 });
  });
});
