import { emitKeypressEvents } from 'node:readline';
import { type CliProcess, terminalSize } from '../cli-process.js';
import type { Key } from './ui-state.js';

/** Exclusive access to the terminal until it is closed. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  /** Draws lines from the top, one per row. */
  draw(lines: readonly string[]): void;
  /** Restores the terminal and stops the process until the user continues it. */
  suspend(): void;
  /** Restores the terminal. A second call has no effect. */
  close(): void;
}

/** Callbacks of a {@link Terminal}. */
export interface TerminalEvents {
  readonly onKey: (key: Key) => void;
  /** Called when the size changed or another program has drawn. The whole screen must be drawn again. */
  readonly onRedraw: () => void;
  /** Called when the terminal is gone, for example because its window was closed. */
  readonly onGone: () => void;
}

// https://invisible-island.net/xterm/ctlseqs/ctlseqs.html
const ENTER = '\u001b[?1049h\u001b[?25l'; // alternate screen, no cursor
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
/** Written before each line. After a full line, it would remove the last character. */
const CLEAR_LINE = '\u001b[K';

/** Time after which the screen resumes if the system ignored the stop signal, in milliseconds. */
const RESUME_MS = 200;

/**
 * Opens the alternate screen in raw mode. The terminal is restored when it is closed, when the process exits,
 * and while the process is stopped by Ctrl-Z or SIGTSTP. It draws nothing while stopped.
 */
export function openTerminal(cli: CliProcess, { onKey, onRedraw, onGone }: TerminalEvents): Terminal {
  const { stdin, stdout, env } = cli;
  let isOpen = true;
  let isSuspended = false;
  let resumeTimer: NodeJS.Timeout | undefined;

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
    // Stops the process group, as the terminal itself does: a shell waits for npx, not for this process.
    suspend: () => stop(0),
    close,
  };

  function onKeypress(_: string | undefined, key: Key): void {
    // In raw mode the terminal sends no signal for Ctrl-C.
    if (key.ctrl && key.name === 'c') interrupt();
    else onKey(key);
  }

  function onStop(): void {
    stop(process.pid);
  }

  /** Stops the process with this id; 0 stands for the process group. */
  function stop(pid: number): void {
    // Windows has no SIGTSTP: Node.js would throw.
    if (isSuspended || process.platform === 'win32') return;
    isSuspended = true;
    leave();
    cli.off('SIGTSTP', onStop);
    process.kill(pid, 'SIGTSTP');
    // The system ignores the signal where no shell could continue the process. After a real stop this timer
    // has no effect.
    resumeTimer = setTimeout(resume, RESUME_MS);
  }

  function resume(): void {
    clearTimeout(resumeTimer);
    if (isSuspended) cli.on('SIGTSTP', onStop);
    isSuspended = false;
    enter();
    onRedraw();
  }

  function enter(): void {
    stdout.write(ENTER);
    if (!stdin.isTTY) return;
    // Node.js caches the mode and may not notice that the terminal is no longer in raw mode.
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
    clearTimeout(resumeTimer);
    cli.off('SIGTSTP', onStop);
    cli.off('SIGCONT', resume);
    cli.off('exit', close);
    stdout.off('resize', onRedraw);
    // The error listeners stay: the error of the last write may still come and would end the process.
    stdin.off('keypress', onKeypress);
    stdin.pause();
    leave();
  }
}

/**
 * Sends SIGINT to this process. On Windows `process.kill` would terminate it without restoring the screen.
 */
function interrupt(): void {
  if (process.platform === 'win32') process.emit('SIGINT');
  else process.kill(process.pid, 'SIGINT');
}
