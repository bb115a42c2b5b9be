import type { Argument, Complete, Option } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import { Command } from 'commander';

/** A shell that there is a script for. */
export type Shell = 'bash' | 'zsh' | 'fish' | 'powershell';

/** The script by which a shell completes our commands; `write` is told what the package does not print itself. */
export function printScript(shell: Shell, program: Command, write: (text: string) => void): void {
  const name = program.name();
  describe(program).setup(name, name, shell);
  // Without it bash completes no names of files, even where the answer says that it may.
  if (shell === 'bash') write(`complete -o default -F __${name.replaceAll('-', '_')}_complete ${name}\n`);
}

/**
 * Answers such a script: what the last word may become, in lines of value and description, and a last line that tells the
 * shell what else it may do.
 *
 * @param words of the command line after the program's name, the last one as far as it is typed
 */
export function printCompletions(
  words: readonly string[],
  program: Command,
  write: (text: string) => void,
): void {
  if (isFile(words, program)) write(`:${FILES}\n`);
  else describe(program).parse([...words]);
}

/** What an answer ends with where the shell is to complete names of files. */
const FILES = 0;

/** What asks for completions itself. */
const OURS: ReadonlySet<string> = new Set(['completion', 'complete']);

function describe(program: Command) {
  const described = new Command(program.name()).helpCommand(false);
  for (const option of program.options) described.addOption(option);
  for (const command of program.commands) {
    if (!OURS.has(command.name())) described.addCommand(command);
  }
  const root = tab(described, { completionCommandName: 'completion' });
  // The default command may be left out.
  for (const [name, option] of root.commands.get('serve')?.options ?? []) root.options.set(name, option);
  offer(root.commands.get('wait')?.options.get('for'), WORDS_OF_FOR);
  offer(
    root.commands.get('help')?.arguments.get('command'),
    described.commands.filter(isShown).map((command) => [command.name(), command.description()] as const),
  );
  return root;
}

const WORDS_OF_FOR = [
  ['ready', 'everything that counts is well'],
  ['done', 'tilt ci has passed'],
  ['target:', 'NAME=PHASE: a target has come to a phase'],
] as const;

type Offered = readonly (readonly [value: string, description: string])[];

function offer(place: Option | Argument | undefined, words: Offered): void {
  if (place === undefined) return;
  place.handler = (complete: Complete) => {
    for (const [value, description] of words) complete(value, description);
  };
}

/** Whether the last word is the value of an option that takes a file. */
function isFile(words: readonly string[], program: Command): boolean {
  const before = words.at(-2);
  const [name] = words;
  const command = program.commands.find((candidate) => candidate.name() === name) ?? serveOf(program);
  const option = command?.options.find(({ long, short }) => before === long || before === short);
  return option !== undefined && /<(file|path|spec)>/.test(option.flags) && option.long !== '--path-prefix';
}

/** The adapter adds a hidden command of its own. */
function isShown(command: Command): boolean {
  return command.name() !== 'complete';
}

function serveOf(program: Command): Command | undefined {
  return program.commands.find((candidate) => candidate.name() === 'serve');
}
