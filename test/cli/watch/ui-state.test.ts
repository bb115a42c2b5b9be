import { describe, expect, it } from 'vitest';
import { applyKey, INITIAL_STATE, type Key, type UiState } from '../../../src/cli/watch/ui-state.js';

/** Applies keys to a state. A text is typed letter by letter. */
function press(state: UiState, ...keys: readonly (Key | string)[]): ReturnType<typeof applyKey> {
  const each = keys.flatMap((key) => (typeof key === 'string' ? [...key].map(letter) : [key]));
  return each.reduce<ReturnType<typeof applyKey>>(
    (now, key) => (typeof now === 'string' ? now : applyKey(now, key, 10)),
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

describe('keys of watch', () => {
  it('q and Ctrl-C quit watch; while a filter is typed, q is a letter', () => {
    expect(press(INITIAL_STATE, 'q')).toBe('quit');
    expect(press(INITIAL_STATE, CTRL_C)).toBe('quit');
    expect(press(INITIAL_STATE, { name: 'z', ctrl: true, sequence: '\u001a' })).toBe('suspend');
    expect(press(INITIAL_STATE, '/q')).toMatchObject({ filter: 'q', isTyping: true });
    expect(press(INITIAL_STATE, '/q', CTRL_C)).toBe('quit');
  });

  it('/ starts a filter, Enter applies it, Escape clears it', () => {
    expect(press(INITIAL_STATE, '/Web🚀', BACKSPACE, ENTER)).toEqual({
      filter: 'Web',
      where: { name: '*Web*' },
      filterError: null,
      isTyping: false,
      offset: 0,
    });
    expect(press(INITIAL_STATE, '/web', ESCAPE)).toEqual(INITIAL_STATE);
    expect(press(INITIAL_STATE, '/web', ENTER, ESCAPE)).toEqual(INITIAL_STATE);
    expect(press(INITIAL_STATE, '/web', { name: 'u', ctrl: true, sequence: '\u0015' })).toMatchObject({
      filter: '',
    });
  });

  it('an invalid filter shows its error, selects every target, and is not applied by Enter', () => {
    const unread = press(INITIAL_STATE, '/phase=failed,x', ENTER);
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

  it('the filter accepts only characters, and at most 100', () => {
    const odd: Key[] = [
      { name: 'up', sequence: '\u001b[A' },
      { name: 'tab', sequence: '\t' },
      { name: 'x', meta: true, sequence: '\u001bx' },
      { name: 'undefined' },
    ];
    expect(press(INITIAL_STATE, '/a', ...odd)).toMatchObject({ filter: 'a' });
    expect(press(INITIAL_STATE, `/${'x'.repeat(200)}`)).toMatchObject({ filter: 'x'.repeat(100) });
  });

  it.each<[string, Key[], number]>([
    ['down and up by one', [{ name: 'down' }, { name: 'j' }, { name: 'up' }], 1],
    ['by a page', [{ name: 'pagedown' }, { name: 'space' }, { name: 'pageup' }], 10],
    ['never above the first', [{ name: 'up' }, { name: 'pageup' }], 0],
    ['home', [{ name: 'pagedown' }, { name: 'home' }], 0],
    ['to the end', [{ name: 'end' }], Number.MAX_SAFE_INTEGER],
  ])('keys move the first visible row: %s', (_, keys, offset) => {
    expect(press(INITIAL_STATE, ...keys)).toMatchObject({ offset });
  });
});
