import { Command, CommanderError } from 'commander';
import { messageOf } from '../lib/errors.js';
import { version } from '../lib/version.js';
import { ProviderError } from '../providers/provider.js';
import type { CliProcess } from './cli-process.js';
import { addCommands } from './commands.js';
import { createOutput, type Output } from './output.js';
import { terminalText } from './safe-text.js';
import { UsageError } from './usage-error.js';

/**
 * Runs a command line and resolves with its exit code: 0 success, 2 a mistake on the command line, 1 anything else; of
 * `publish -- COMMAND` the command's own, and of commands that ask a gateway those in `exit-code.ts`. Standard error that is
 * closed or full changes nothing; standard output does only for commands whose purpose is to print.
 */
export async function main(argv: readonly string[], cli: CliProcess): Promise<number> {
  const outcome = { exitCode: 0 };
  // An error event that nobody listens for would end the process.
  cli.stderr.on('error', () => {});
  const output = createOutput(cli.stdout);
  try {
    return (await runCommander(createProgram(cli, output, outcome), argv, output)) ?? outcome.exitCode;
  } catch (error) {
    const message = terminalText(messageOf(error));
    cli.stderr.write(`tilt-graphql: ${message}\n`);
    return isUsageError(error) ? 2 : 1;
  }
}

/** Runs the command; an exit code when Commander has printed an error or help instead. */
async function runCommander(
  program: Command,
  argv: readonly string[],
  output: Output,
): Promise<number | null> {
  try {
    await program.parseAsync([...argv]);
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return 2;
    await output.flush();
    return 0;
  }
}

function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof ProviderError && error.code === 'config');
}

function createProgram(cli: CliProcess, output: Output, outcome: { exitCode: number }): Command {
  const program = new Command('tilt-graphql')
    .description('A GraphQL gateway for the Sessions of Tilt: what every server and job is doing, live.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      outputError: (text, write) => write(`tilt-graphql: ${errorLines(text)}\n`),
    });

  addCommands(program, {
    cli,
    print: output.write,
    exitWith: (code) => {
      outcome.exitCode = code;
    },
  });
  return program;
}

/** What Commander says, in one line, and a second with what may have been meant; arguments may have line breaks in them. */
function errorLines(text: string): string {
  const [error = '', hint] = text.replace(/^error: /, '').split(/\n(?=\(Did you mean )/);
  return [terminalText(error), ...(hint === undefined ? [] : [terminalText(hint)])].join('\n');
}
