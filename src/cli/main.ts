import { Command, CommanderError } from 'commander';
import { messageOf } from '../lib/errors.js';
import { version } from '../lib/version.js';
import { ProviderError } from '../providers/provider.js';
import type { CliProcess } from './cli-process.js';
import { addCommands } from './commands.js';
import { createOutput, type Output } from './output.js';
import { terminalText } from './text.js';
import { UsageError } from './usage-error.js';

/**
 * Runs a command line and resolves with its exit code: 0 for success, 2 for an invalid command line, 1 for
 * any other error, or 3 if the command is `wait`. `publish -- COMMAND` exits with the code of its command,
 * and commands that query a gateway with the codes in `gateway-client.ts`. A closed or full standard error
 * changes nothing; standard output matters only for commands that print a result.
 */
export async function main(argv: readonly string[], cli: CliProcess): Promise<number> {
  const outcome: Outcome = { exitCode: 0, errorCode: 1 };
  // An error event without a listener would end the process.
  cli.stderr.on('error', () => {});
  const output = createOutput(cli.stdout);
  try {
    return (await runCommander(createProgram(cli, output, outcome), argv, output)) ?? outcome.exitCode;
  } catch (error) {
    cli.stderr.write(`tilt-graphql: ${terminalText(messageOf(error))}\n`);
    return isUsageError(error) ? 2 : outcome.errorCode;
  }
}

/** Exit codes that the command has chosen. */
interface Outcome {
  exitCode: number;
  /** For an unexpected error. */
  errorCode: number;
}

/** Runs the command. Resolves with an exit code when Commander printed an error or help instead. */
async function runCommander(
  program: Command,
  argv: readonly string[],
  output: Output,
): Promise<number | null> {
  try {
    await program.parseAsync(withCommand(argv, program));
    return null;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) return 2;
    await output.flush();
    return 0;
  }
}

/**
 * Inserts the default command, `serve`, before options of a command. Commander's own default command would
 * take a mistyped command as its argument.
 */
function withCommand(argv: readonly string[], program: Command): string[] {
  const [node = '', script = '', first, ...rest] = argv;
  if (first === undefined) return [node, script, 'serve'];
  const own = program.createHelp().visibleOptions(program);
  const isOwn = own.some(({ long, short }) => first === long || first === short);
  return first.startsWith('-') && !isOwn ? [node, script, 'serve', first, ...rest] : [...argv];
}

function isUsageError(error: unknown): boolean {
  return error instanceof UsageError || (error instanceof ProviderError && error.code === 'config');
}

function createProgram(cli: CliProcess, output: Output, outcome: Outcome): Command {
  const program = new Command('tilt-graphql')
    .description('A GraphQL gateway for the Sessions of Tilt: the live state of every server and job.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
      outputError: (text, write) => write(`tilt-graphql: ${errorLine(text)}\n`),
    });

  addCommands(program, {
    cli,
    print: output.write,
    exitWith: (code) => {
      outcome.exitCode = code;
    },
    failWith: (code) => {
      outcome.errorCode = code;
    },
  });
  return program;
}

/** Commander's error and its suggestion as one line. Arguments may contain line breaks. */
function errorLine(text: string): string {
  return terminalText(text.replace(/^error: /, '').replace(/\n(?=\(Did you mean )/, ' '));
}
