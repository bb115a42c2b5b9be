import { styleText } from 'node:util';
import type { TargetsView } from '../../client/client.js';
import type { Clock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import type { Display } from './display.js';
import { firstShown, type Paint, pageOf, type ScreenState, screenLines } from './screen-lines.js';
import { openTerminal } from './terminal.js';
import { INITIAL, type Key, onKey } from './ui-state.js';

/** How soon after a change the screen is drawn, in milliseconds: a burst of changes is drawn once. */
const SOON_MS = 30;
/** Times on the screen go on, once a second. */
const TICK_MS = 1_000;

/**
 * Shows a live table on the terminal.
 *
 * @param wanted id of the Session that was asked for by name; null when none was
 */
export function createTableDisplay(cli: CliProcess, clock: Clock, wanted: string | null): Display {
  const closed = new AbortController();
  const paint: Paint = (style, text) => styleText(style, text, { stream: cli.stdout });
  let view: TargetsView | null = null;
  let ui = INITIAL;
  let notice: string | null = null;
  const terminal = openTerminal(cli, {
    onKey: press,
    onRedraw: () => drawIn(0),
    onGone: () => closed.abort(),
  });
  let cancel = clock.after(0, draw);
  let isSoon = true;

  return {
    closed: closed.signal,
    show(newest) {
      view = newest;
      if (!isSoon) drawIn(SOON_MS);
    },
    notice(message) {
      notice = message;
      drawIn(SOON_MS);
    },
    close() {
      cancel();
      terminal.close();
    },
  };

  function press(key: Key): void {
    const next = onKey(ui, key, pageOf(state()));
    if (next === 'quit') closed.abort();
    else if (next === 'suspend') terminal.suspend();
    else {
      ui = { ...next, offset: firstShown({ ...state(), ui: next }) };
      notice = null;
      drawIn(0);
    }
  }

  function drawIn(ms: number): void {
    cancel();
    isSoon = true;
    cancel = clock.after(ms, draw);
  }

  function draw(): void {
    terminal.draw(screenLines(state(), paint));
    cancel();
    isSoon = false;
    cancel = clock.after(TICK_MS, draw);
  }

  function state(): ScreenState {
    const { columns, rows } = terminal;
    return { view, ui, columns, rows, now: clock.now(), wanted, notice };
  }
}
