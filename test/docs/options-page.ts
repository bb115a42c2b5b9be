import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, type Option } from 'commander';
import { addCommands } from '../../src/cli/commands.js';

/** Page with the options of every command, in its last section. */
export const OPTIONS_PAGE = new URL('../../docs/options.md', import.meta.url);

/** Returns the page with its last section generated from the option tables in `src/cli`. */
export function optionsPage(): string {
  const [prose] = readFileSync(OPTIONS_PAGE, 'utf8').split(HEAD, 1);
  return `${prose}${HEAD}${commands().map(section).join('')}`;
}

/** Creates the commands as the program declares them. */
export function commands(): readonly Command[] {
  const program = new Command('tilt-graphql');
  addCommands(program, { cli: process, print: async () => {}, exitWith: () => {}, failWith: () => {} });
  return program.commands;
}

const HEAD = `## Options by command

\`tilt-graphql help COMMAND\` prints the same options. This section is generated from the option
tables in \`src/cli\` by \`npx tsx test/docs/options-page.ts\`.
`;

function section(command: Command): string {
  if (command.options.length === 0) return '';
  const rows = command.options.map((option) => {
    const cells = [
      `\`${option.flags}\``,
      code(option.envVar),
      escaped(defaultOf(option)),
      escaped(helpOf(option)),
    ];
    return `| ${cells.join(' | ')} |\n`;
  });
  return `\n### ${command.name()}\n\n| option | variable | default | |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** Returns the help of an option with its choices, without the default that some texts end with. */
function helpOf({ description, argChoices }: Option): string {
  const help = description.replace(DEFAULT_IN_HELP, '');
  return argChoices ? `${help}: ${argChoices.join(', ')}` : help;
}

function defaultOf({
  description,
  defaultValue,
  defaultValueDescription,
  mandatory,
  negate,
}: Option): string {
  if (mandatory) return 'required';
  const [, inHelp = ''] = DEFAULT_IN_HELP.exec(description) ?? [];
  if (defaultValue === undefined || defaultValue === false || negate) return inHelp;
  return defaultValueDescription ?? String(defaultValue);
}

const DEFAULT_IN_HELP = / \(default: (.*)\)$/;

/** Escapes the characters of a text that are markup in Markdown. */
function escaped(text: string): string {
  return text.replace(/[|*<>]/g, '\\$&');
}

function code(text: string | undefined): string {
  return text === undefined ? '' : `\`${text}\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(OPTIONS_PAGE, optionsPage());
