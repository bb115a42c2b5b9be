import { describe, expect, it } from 'vitest';
import { applyKey, INITIAL_STATE, type Key, type UiState } from '../../../src/cli/watch/ui-state.js';

const IDS = Array.from({ length: 30 }, (_, index) => `t${index}`);

/** A log whose first hundred lines are no longer kept. */
const LOG = { start: 100, end: 150 };

/** Applies keys to a state. A text is typed letter by letter. */
function press(state: UiState, ...keys: readonly (Key | string)[]): ReturnType<typeof applyKey> {
  const each = keys.flatMap((key) => (typeof key === 'string' ? [...key].map(letter) : [key]));
  return each.reduce<ReturnType<typeof applyKey>>(
    (now, key) => (typeof now === 'string' ? now : applyKey(now, key, { ids: IDS, page: 10, log: LOG })),
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
      ...INITIAL_STATE,
      filter: 'Web',
      where: { name: '*Web*' },
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

  it.each<[string, Key[], string]>([
    ['down and up by one', [{ name: 'down' }, { name: 'down' }, { name: 'j' }, { name: 'up' }], 't1'],
    ['down from none to the first', [{ name: 'down' }], 't0'],
    ['by a page', [{ name: 'pagedown' }, { name: 'space' }, { name: 'pageup' }], 't9'],
    ['never above the first', [{ name: 'up' }, { name: 'pageup' }], 't0'],
    ['never below the last', [{ name: 'end' }, { name: 'down' }], 't29'],
    ['home', [{ name: 'pagedown' }, { name: 'home' }], 't0'],
    ['to the end', [{ name: 'end' }], 't29'],
  ])('keys select a row: %s', (_, keys, selected) => {
    expect(press(INITIAL_STATE, ...keys)).toMatchObject({ selected });
  });

  it('Escape clears the selection, and without rows no row is selected', () => {
    expect(press(INITIAL_STATE, { name: 'down' }, ESCAPE)).toEqual(INITIAL_STATE);
    const none = applyKey(INITIAL_STATE, { name: 'down' }, { ids: [], page: 10, log: LOG });
    expect(none).toEqual(INITIAL_STATE);
    expect(applyKey(INITIAL_STATE, ENTER, { ids: [], page: 10, log: LOG })).toEqual(INITIAL_STATE);
  });

  it('l groups by label until it is pressed again, also across Escape and a filter', () => {
    expect(press(INITIAL_STATE, { name: 'down' }, 'l')).toMatchObject({ isGrouped: true, selected: null });
    expect(press(INITIAL_STATE, 'l', '/web', ENTER, ESCAPE)).toEqual({ ...INITIAL_STATE, isGrouped: true });
    expect(press(INITIAL_STATE, 'l', '/web', ESCAPE)).toEqual({ ...INITIAL_STATE, isGrouped: true });
    expect(press(INITIAL_STATE, 'll')).toEqual(INITIAL_STATE);
    expect(press(INITIAL_STATE, '/l')).toMatchObject({ isGrouped: false, filter: 'l' });
  });

  it('Enter opens the details of the selected row, else of the first, and Enter or Escape closes them', () => {
    expect(press(INITIAL_STATE, ENTER)).toMatchObject({ isDetailed: true, selected: 't0' });
    const down = { name: 'down' };
    const opened = press(INITIAL_STATE, down, down, ENTER);
    expect(opened).toMatchObject({ isDetailed: true, selected: 't1' });
    expect(press(INITIAL_STATE, down, ENTER, down)).toMatchObject({ isDetailed: true, selected: 't1' });
    for (const key of [ENTER, ESCAPE]) {
      expect(press(INITIAL_STATE, down, down, ENTER, key)).toMatchObject({
        isDetailed: false,
        selected: 't1',
      });
    }
    expect(press({ ...INITIAL_STATE, selected: 'gone' }, ENTER)).toMatchObject({ selected: 't0' });
  });

  it('L shows the log of the selected row or else of the first one, and Escape returns to where it was', () => {
    const log = { ...INITIAL_STATE, selected: 't0', isLogShown: true };
    expect(press(INITIAL_STATE, 'L')).toEqual(log);
    expect(press(INITIAL_STATE, 'L', ESCAPE)).toEqual({ ...log, isLogShown: false });
    expect(press(INITIAL_STATE, 'L', 'L')).toEqual({ ...log, isLogShown: false });
    expect(press(INITIAL_STATE, 'jj', ENTER, 'L', ESCAPE)).toMatchObject({
      selected: 't1',
      isLogShown: false,
      isDetailed: true,
    });
    expect(press(INITIAL_STATE, 'L', ENTER)).toMatchObject({ isLogShown: false, isDetailed: true });
    expect(press(INITIAL_STATE, 'L', '/')).toMatchObject({ isLogShown: false, isTyping: true });
    expect(press(INITIAL_STATE, 'L', 'l')).toMatchObject({ isLogShown: false, isGrouped: true });
  });

  it.each([
    ['one line up', ['k'], 149],
    ['a page up', [{ name: 'pageup' }], 140],
    ['to the start, where a page is visible', [{ name: 'home' }, 'k'], 110],
    ['up and down to the end, which it follows again', ['kkjj'], null],
    ['to the end', [{ name: 'home' }, { name: 'end' }], null],
    ['below the end', [{ name: 'pagedown' }], null],
  ] as const)('keys scroll the log %s', (_, keys, logEnd) => {
    expect(press(INITIAL_STATE, 'L', ...keys)).toMatchObject({ selected: 't0', logEnd });
  });

  it('a log that is opened again shows its end', () => {
    expect(press(INITIAL_STATE, 'Lk', 'L', 'L')).toMatchObject({ isLogShown: true, logEnd: null });
  });
});
