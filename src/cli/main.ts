import { Command, CommanderError } from 'commander';
import { oneLine } from '../model/one-line.js';
import { ProviderError } from '../providers/provider.js';
import { TracingError } from '../tracing/tracing-error.js';
import { version } from '../version.js';
import type { CliProcess } from './cli-process.js';
import { addCommands } from './commands.js';
import { UsageError } from './usage-error.js';

/**
 * Runs a command line and resolves with its exit code: 0 well, 2 a mistake on the command line, 1 anything else; of
 * `publish -- COMMAND` the command's own, and of commands that ask a gateway those in `exit-code.ts`.
 */
export async function main(argv: readonly string[], cli: CliProcess): Promise<number> {
  const outcome = { exitCode: 0 };
  const program = createProgram(cli, outcome);
  try {
    await program.parseAsync([...argv]);
    return outcome.exitCode;
  } catch (error) {
    // Commander has printed its own one line, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const message = oneLine(error instanceof Error ? error.message : String(error));
    cli.stderr.write(`tilt-graphql: ${message}\n`);
    return isUsageError(error) ? 2 : 1;
  }
}

function isUsageError(error: unknown): boolean {
  return (
    error instanceof UsageError ||
    error instanceof TracingError ||
    (error instanceof ProviderError && error.code === 'config')
  );
}

function createProgram(cli: CliProcess, outcome: { exitCode: number }): Command {
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
    exitWith: (code) => {
      outcome.exitCode = code;
    },
  });
  return program;
}

/** What Commander says, in one line, and a second with what may have been meant; arguments may have line breaks in them. */
function errorLines(text: string): string {
  const [error = '', hint] = text.replace(/^error: /, '').split(/\n(?=\(Did you mean )/);
  return [oneLine(error), ...(hint === undefined ? [] : [oneLine(hint)])].join('\n');
}
