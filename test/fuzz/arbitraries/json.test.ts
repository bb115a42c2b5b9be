import { describe, expect, it } from 'vitest';
import { applyEdits, type JsonEdit } from './json.js';

describe('the JSON edits of the fuzzer', () => {
  const addLength: JsonEdit = { place: 0, act: 'add', key: 'length', value: 7 };

  it('leave the length of an array unchanged, because it cannot be redefined', () => {
    expect(applyEdits([1], [addLength])).toEqual([1]);
  });

  it('add a member named length to an object', () => {
    expect(applyEdits({ a: 1 }, [addLength])).toEqual({ a: 1, length: 7 });
  });
});
