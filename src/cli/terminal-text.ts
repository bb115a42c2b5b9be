import { oneLine } from '../model/one-line.js';
import { plainText } from '../model/plain-text.js';
import { withoutLogCommands } from './log-commands.js';

/**
 * A text from outside as one line of output: without colours, links and other escape sequences, and without commands that a
 * CI service obeys in a job's log; control characters and marks of text direction become U+FFFD. CI jobs in containers do
 * not know where their log goes, so the commands are always removed.
 */
export function terminalText(text: string): string {
  return withoutLogCommands(oneLine(plainText(text).replaceAll('\t', ' ')));
}
