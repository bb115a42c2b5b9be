import { execFile } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { promisify } from 'node:util';
import { BIN } from './cli.js';
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.js';
import { openTmux, type TmuxTerminal } from './tmux.js';

const run = promisify(execFile);

/** An interactive shell in a folder of its own that has sourced the completion script twice. */
export interface CompletionShell extends AsyncDisposable {
  readonly folder: TemporaryFolder;
  /** Types a line, presses Tab, waits until the shell has handled it, and clears the line. */
  pressTab(line: string): Promise<void>;
  /** Types a line, presses Tab, waits until the line without the prompt matches, and clears it. */
  complete(line: string, expected: RegExp): Promise<void>;
}

const START = {
  bash: 'exec bash --norc --noprofile -i',
  zsh: 'exec zsh -f -i',
} as const;

/** By default zsh expands the word at the cursor before completing it. */
const SET_UP = { bash: '', zsh: "bindkey '^I' complete-word; " } as const;

/** Starts a shell without start-up files: neither bash-completion nor compinit is loaded. */
export async function openCompletionShell(
  shell: keyof typeof START,
  env: Readonly<Record<string, string>>,
): Promise<CompletionShell> {
  const folder = await createProgramFolder();
  const terminal = await openTmux({ ...env, HOME: folder.path });
  await typeLine(
    terminal,
    `unalias tilt-graphql; cd '${folder.path}'; export PATH="$PWD:$PATH"; ${START[shell]}`,
  );
  await typeLine(terminal, `${SET_UP[shell]}PS1='> '; source <(tilt-graphql completion ${shell})`);
  await typeLine(terminal, `clear; source <(tilt-graphql completion ${shell}); echo "re""ady"`);
  await terminal.until(/^ready\n>/m);
  const typeAndTab = async (line: string) => {
    await terminal.press('C-l');
    await terminal.type(line);
    await terminal.press('Tab');
  };
  return {
    folder,
    async pressTab(line) {
      await typeAndTab(line);
      await terminal.type('<END>');
      await terminal.until(/^> .*<END>$/m);
      await terminal.press('C-u');
    },
    async complete(line, expected) {
      await typeAndTab(line);
      await terminal.until(new RegExp(`^> ${expected.source}`, 'm'));
      await terminal.press('C-u');
    },
    async [Symbol.asyncDispose]() {
      await terminal[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Returns the words fish completes at the end of a line, without descriptions. Sources the script twice. */
export async function completeInFish(
  line: string,
  env: Readonly<Record<string, string>>,
): Promise<{ readonly words: string[]; readonly files: string[] }> {
  await using folder = await createProgramFolder();
  const source = 'tilt-graphql completion fish | source';
  const { stdout } = await run(
    'fish',
    ['--no-config', '-c', `${source}; ${source}; complete -C "$LINE_TO_COMPLETE"; echo =====; ls`],
    {
      cwd: folder.path,
      env: { ...env, PATH: `${folder.path}:${process.env.PATH}`, HOME: folder.path, LINE_TO_COMPLETE: line },
    },
  );
  const [words = '', files = ''] = stdout.split('=====\n');
  return { words: splitLines(words).map((word) => word.split('\t')[0] ?? ''), files: splitLines(files) };
}

async function typeLine(terminal: TmuxTerminal, line: string): Promise<void> {
  await terminal.type(line);
  await terminal.press('Enter');
}

/** Creates a folder with the program as `tilt-graphql` and a file to complete. */
async function createProgramFolder(): Promise<TemporaryFolder> {
  const folder = await createTemporaryFolder();
  await folder.write('tilt-graphql', `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
  await chmod(folder.file('tilt-graphql'), 0o755);
  await folder.write('report.xml', '');
  return folder;
}

function splitLines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}
