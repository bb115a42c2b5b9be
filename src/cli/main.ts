import { Command, CommanderError } from 'commander';
import { typeDefs } from '../graphql/schema.js';
import { oneLine } from '../model/one-line.js';
import { ProviderError } from '../providers/provider.js';
import { TracingError } from '../tracing/tracing-error.js';
import { version } from '../version.js';
import { publish } from './publish.js';
import { addPublishOptions } from './publish-options.js';
import { serve } from './serve.js';
import { addServeOptions } from './serve-options.js';
import { UsageError } from './usage-error.js';

/** What a command works with: `process`, or a stand-in. */
export type CliProcess = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'off'>;

/**
 * Runs a command line and resolves with its exit code: 0 well, 2 a mistake on the command line, 1 anything else; of
 * `publish -- COMMAND` the command's own.
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

  addServeOptions(
    program
      .command('serve', { isDefault: true })
      .description('serve the gateway (the default command)')
      .action((_, command: Command) => serve(command.opts(), cli)),
  );
  addPublishOptions(
    program
      .command('publish')
      .description('write the Sessions of this machine to a bucket of NATS, for gateways elsewhere to read')
      .argument('[command...]', 'after --: run this command, publish its Tilt, and exit with its code')
      .action(async (words: string[], _, command: Command) => {
        outcome.exitCode = await publish(command.opts(), words, cli);
      }),
  );
  program
    .command('schema')
    .description('print the GraphQL schema')
    .action(() => {
      cli.stdout.write(typeDefs);
    });
  program
    .command('help')
    .argument('[command]')
    .description('print the help of a command')
    .action((name?: string) => {
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (name !== undefined && !command) throw new UsageError(`unknown command '${oneLine(name)}'`);
      cli.stdout.write((command ?? program).helpInformation());
    });
  return program;
}

/** What Commander says, in one line, and a second with what may have been meant; arguments may have line breaks in them. */
function errorLines(text: string): string {
  const [error = '', hint] = text.replace(/^error: /, '').split(/\n(?=\(Did you mean )/);
  return [oneLine(error), ...(hint === undefined ? [] : [oneLine(hint)])].join('\n');
}
