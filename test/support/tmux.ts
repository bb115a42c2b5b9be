import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { BIN } from './cli.js';
import { createTemporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);

/** A shell in a terminal that `tmux` emulates. */
export interface TmuxTerminal extends AsyncDisposable {
  /** Returns the screen as plain text. */
  screen(): Promise<string>;
  /** Returns the screen with escape sequences. */
  colours(): Promise<string>;
  /** Waits until the screen matches. */
  until(pattern: RegExp): Promise<void>;
  /** Presses keys by their tmux names: `q`, `Enter`, `C-c`. */
  press(...keys: readonly string[]): Promise<void>;
  /** Types literal text. */
  type(text: string): Promise<void>;
  resize(columns: number, rows: number): Promise<void>;
  /** Closes the window and kills its processes. May be called twice. */
  close(): Promise<void>;
}

/** Timeout for output on a busy machine, in milliseconds. */
const PATIENCE_MS = 25_000;

/** Opens a terminal of 100 by 24 characters with the prompt `$ ` and the command `tilt-graphql`. */
export async function openTmux(env: Readonly<Record<string, string>> = {}): Promise<TmuxTerminal> {
  const folder = await createTemporaryFolder();
  const given = { HOME: '/nonexistent', TILT_CONFIG: '/nonexistent/config', ...env };
  const tmux = async (...args: readonly string[]) => {
    const { stdout } = await run('tmux', ['-S', folder.file('socket'), '-f', '/dev/null', ...args], {
      env: { PATH: process.env.PATH, TERM: 'xterm-256color' },
    });
    return stdout;
  };
  const variables = Object.entries(given).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  await tmux('new-session', '-d', '-x', '100', '-y', '24', ...variables, 'sh');
  const screen = () => tmux('capture-pane', '-p');
  const press = async (...keys: readonly string[]) => void (await tmux('send-keys', ...keys));
  const type = async (text: string) => void (await tmux('send-keys', '-l', text));
  await type(`PS1='$ '; alias tilt-graphql="'${process.execPath}' '${BIN}'"; clear`);
  await press('Enter');
  // Input before the shell has cleared the screen would be echoed and then erased.
  await expect.poll(screen, { timeout: PATIENCE_MS }).toMatch(/^\$\s*$/);
  let isOpen = true;
  const close = async () => {
    if (isOpen) await tmux('kill-server');
    isOpen = false;
  };
  return {
    screen,
    colours: () => tmux('capture-pane', '-p', '-e'),
    until: (pattern) => expect.poll(screen, { timeout: PATIENCE_MS }).toMatch(pattern),
    press,
    type,
    resize: async (columns, rows) =>
      void (await tmux('resize-window', '-x', String(columns), '-y', String(rows))),
    close,
    async [Symbol.asyncDispose]() {
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
}
