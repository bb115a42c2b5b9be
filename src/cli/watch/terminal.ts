import { emitKeypressEvents } from 'node:readline';
import type { CliProcess } from '../cli-process.js';
import type { Key } from './ui-state.js';

/** A terminal that is ours, all of it, until it is closed. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Shows these lines from the top: as many as there are rows. */
  draw(lines: readonly string[]): void;
  /** Gives the terminal back and stops the process, until its user has it go on. */
  suspend(): void;
  /** Gives the terminal back as it was. Harmless when called twice. */
  close(): void;
}

/** Whom a {@link Terminal} tells. */
export interface TerminalEvents {
  readonly onKey: (key: Key) => void;
  /** The size has changed, or somebody else has drawn: everything is to be drawn again. */
  readonly onRedraw: () => void;
  /** There is no terminal any more: its window was closed. */
  readonly onGone: () => void;
}

// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
const ENTER = '\u001b[?1049h\u001b[?25l'; // the other screen, no cursor
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
/** Before a line, not after it: beyond a full one it would take the last character away. */
const CLEAR_LINE = '\u001b[K';

/** Takes the terminal. It is given back also when the process ends in any way that lets it do anything at all. */
export function openTerminal(cli: CliProcess, { onKey, onRedraw, onGone }: TerminalEvents): Terminal {
  const { stdin, stdout } = cli;
  let isOpen = true;
  const onKeypress = (_: string | undefined, key: Key) => onKey(key);

  enter();
  emitKeypressEvents(stdin);
  stdin.on('keypress', onKeypress);
  stdout.on('resize', onRedraw);
  stdout.on('error', onGone);
  stdin.on('error', onGone);
  cli.on('SIGCONT', again);
  cli.on('exit', close);

  return {
    get columns() {
      return stdout.columns;
    },
    get rows() {
      return stdout.rows;
    },
    draw(lines) {
      if (isOpen) stdout.write(HOME + lines.map((line) => CLEAR_LINE + line).join('\r\n'));
    },
    suspend() {
      leave();
      process.kill(process.pid, 'SIGTSTP');
    },
    close,
  };

  function enter(): void {
    stdout.write(ENTER);
    if (!stdin.isTTY) return;
    // It may think that the terminal is as it left it.
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    stdin.resume();
  }

  function leave(): void {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdout.write(LEAVE);
  }

  /** Whoever stopped us has had the terminal meanwhile. */
  function again(): void {
    enter();
    onRedraw();
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    cli.off('SIGCONT', again);
    cli.off('exit', close);
    stdout.off('resize', onRedraw);
    // What listens for errors stays: that of the last write is yet to come, and would end the process.
    stdin.off('keypress', onKeypress);
    stdin.pause();
    leave();
  }
}
