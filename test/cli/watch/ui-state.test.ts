import { describe, expect, it } from 'vitest';
import { INITIAL, type Key, onKey, type UiState } from '../../../src/cli/watch/ui-state.js';

/** What becomes of the state after these keys; a text is typed letter by letter. */
function press(state: UiState, ...keys: readonly (Key | string)[]): ReturnType<typeof onKey> {
  const each = keys.flatMap((key) => (typeof key === 'string' ? [...key].map(letter) : [key]));
  return each.reduce<ReturnType<typeof onKey>>(
    (now, key) => (typeof now === 'string' ? now : onKey(now, key, 10)),
    state,
  );
}

function letter(sequence: string): Key {
  return { name: sequence.toLowerCase(), sequence };
}

const ESCAPE: Key = { name: 'escape', sequence: '\u001b' };
const ENTER: Key = { name: 'return', sequence: '\r' };
const BACKSPACE: Key = { name: 'backspace', sequence: '\u007f' };
const CTRL_C: Key = { name: 'c', ctrl: true, sequence: '\u0003' };

describe('the keys of watch', () => {
  it('q and Ctrl-C quit; while a filter is typed, q is a letter', () => {
    expect(press(INITIAL, 'q')).toBe('quit');
    expect(press(INITIAL, CTRL_C)).toBe('quit');
    expect(press(INITIAL, { name: 'z', ctrl: true, sequence: '\u001a' })).toBe('suspend');
    expect(press(INITIAL, '/q')).toMatchObject({ filter: 'q', isTyping: true });
    expect(press(INITIAL, '/q', CTRL_C)).toBe('quit');
  });

  it('/ types a filter, Enter keeps it, Escape clears it', () => {
    expect(press(INITIAL, '/Web🚀', BACKSPACE, ENTER)).toEqual({
      filter: 'Web',
      where: { name: '*Web*' },
      filterError: null,
      isTyping: false,
      offset: 0,
    });
    expect(press(INITIAL, '/web', ESCAPE)).toEqual(INITIAL);
    expect(press(INITIAL, '/web', ENTER, ESCAPE)).toEqual(INITIAL);
    expect(press(INITIAL, '/web', { name: 'u', ctrl: true, sequence: '\u0015' })).toMatchObject({
      filter: '',
    });
  });

  it('a filter that cannot be read says why, selects every target, and is not kept by Enter', () => {
    const unread = press(INITIAL, '/phase=failed,x', ENTER);
    expect(unread).toMatchObject({
      filter: 'phase=failed,x',
      where: {},
      filterError: expect.stringMatching(/^Expected phase= one of .*, got 'x'$/),
      isTyping: true,
    });
    expect(typeof unread === 'string' ? unread : press(unread, BACKSPACE, BACKSPACE, ENTER)).toMatchObject({
      where: { phase: ['FAILED'] },
      filterError: null,
      isTyping: false,
    });
  });

  it('takes nothing into the filter that is not a character, and no more than 100', () => {
    const odd: Key[] = [
      { name: 'up', sequence: '\u001b[A' },
      { name: 'tab', sequence: '\t' },
      { name: 'x', meta: true, sequence: '\u001bx' },
      { name: 'undefined' },
    ];
    expect(press(INITIAL, '/a', ...odd)).toMatchObject({ filter: 'a' });
    expect(press(INITIAL, `/${'x'.repeat(200)}`)).toMatchObject({ filter: 'x'.repeat(100) });
  });

  it.each<[string, Key[], number]>([
    ['down and up by one', [{ name: 'down' }, { name: 'j' }, { name: 'up' }], 1],
    ['by a page', [{ name: 'pagedown' }, { name: 'space' }, { name: 'pageup' }], 10],
    ['never above the first', [{ name: 'up' }, { name: 'pageup' }], 0],
    ['home', [{ name: 'pagedown' }, { name: 'home' }], 0],
    ['to the end', [{ name: 'end' }], Number.MAX_SAFE_INTEGER],
  ])('move: %s', (_, keys, offset) => {
    expect(press(INITIAL, ...keys)).toMatchObject({ offset });
  });
});
