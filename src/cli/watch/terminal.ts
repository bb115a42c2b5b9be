import { emitKeypressEvents } from 'node:readline';
import { type CliProcess, terminalSize } from '../cli-process.js';
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

/** How soon after a stop that did not happen the screen is taken back, in milliseconds. */
const STOP_MS = 200;

/**
 * Takes the terminal, and gives it back also when the process exits by itself. While the process is stopped, by Ctrl-Z or
 * SIGTSTP from elsewhere, the terminal is as it was before; nothing is drawn until it goes on.
 */
export function openTerminal(cli: CliProcess, { onKey, onRedraw, onGone }: TerminalEvents): Terminal {
  const { stdin, stdout, env } = cli;
  let isOpen = true;
  let isSuspended = false;
  let notStopped: NodeJS.Timeout | undefined;

  enter();
  emitKeypressEvents(stdin);
  stdin.on('keypress', onKeypress);
  stdout.on('resize', onRedraw);
  stdout.on('error', onGone);
  stdin.on('error', onGone);
  cli.on('SIGTSTP', onStop);
  cli.on('SIGCONT', resume);
  cli.on('exit', close);

  return {
    get columns() {
      return terminalSize(stdout, env).columns;
    },
    get rows() {
      return terminalSize(stdout, env).rows;
    },
    draw(lines) {
      if (isOpen && !isSuspended) stdout.write(HOME + lines.map((line) => CLEAR_LINE + line).join('\r\n'));
    },
    // The whole job, as the terminal itself does: a shell waits for npx, not for us.
    suspend: () => stop(0),
    close,
  };

  function onKeypress(_: string | undefined, key: Key): void {
    // In raw mode the terminal makes no signal of it.
    if (key.ctrl && key.name === 'c') process.kill(process.pid, 'SIGINT');
    else onKey(key);
  }

  function onStop(): void {
    stop(process.pid);
  }

  /** Stops the process of this id; 0 stands for all of our process group. */
  function stop(pid: number): void {
    if (isSuspended) return;
    isSuspended = true;
    leave();
    cli.off('SIGTSTP', onStop);
    process.kill(pid, 'SIGTSTP');
    // The system ignores the signal where no shell could continue us. After a real stop this timer changes nothing.
    notStopped = setTimeout(resume, STOP_MS);
  }

  function resume(): void {
    clearTimeout(notStopped);
    if (isSuspended) cli.on('SIGTSTP', onStop);
    isSuspended = false;
    enter();
    onRedraw();
  }

  function enter(): void {
    stdout.write(ENTER);
    if (!stdin.isTTY) return;
    // Node.js may assume that the terminal is still in the mode in which it left it.
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    stdin.resume();
  }

  function leave(): void {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdout.write(LEAVE);
  }

  function close(): void {
    if (!isOpen) return;
    isOpen = false;
    clearTimeout(notStopped);
    cli.off('SIGTSTP', onStop);
    cli.off('SIGCONT', resume);
    cli.off('exit', close);
    stdout.off('resize', onRedraw);
    // The listeners for errors stay: that of the last write is yet to come, and would end the process.
    stdin.off('keypress', onKeypress);
    stdin.pause();
    leave();
  }
}
