import { script } from '@bomb.sh/tab';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { zshScript } from './zsh.js';

/** A shell that there is a completion script for. */
export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

/**
 * Creates the script by which a shell completes the command lines of a program; it asks the program's `complete` command.
 * The one for PowerShell comes from a package that prints it by itself: then the text is empty.
 */
export function completionScript(shell: Shell, name: string): string {
  switch (shell) {
    case 'bash':
      return bashScript(name);
    case 'zsh':
      return zshScript(name);
    case 'fish':
      return fishScript(name);
    case 'powershell':
      script(shell, name, name);
      return '';
  }
}
