import { Argument, type Command } from 'commander';
import { oneLine } from '../model/one-line.js';
import type { CliProcess } from './cli-process.js';
import { addClientOptions } from './client-options.js';
import type { Shell } from './completion/scripts.js';
import { addPublishOptions } from './publish-options.js';
import { addQueryOptions } from './query/query-options.js';
import { addServeOptions } from './serve-options.js';
import { UsageError } from './usage-error.js';
import { addWaitOptions } from './wait/wait-options.js';
import { addWatchOptions } from './watch/watch-options.js';

/** What commands work with. */
export interface CommandParts {
  readonly cli: CliProcess;
  /** Prints a text on standard output, for commands whose purpose it is. Rejects with an `OutputError` when it is lost. */
  readonly print: (text: string) => Promise<void>;
  /** Tells the exit code of a command that has ended well, or not so well. Default: 0. */
  readonly exitWith: (code: number) => void;
}

/** Adds every command. What one does is loaded when it is run, so that none waits for what the others need. */
export function addCommands(program: Command, parts: CommandParts): void {
  addServing(program, parts);
  addAsking(program, parts);
  addPrinting(program, parts);
}

/** Those that read Tilts and serve what they say. */
function addServing(program: Command, { cli, exitWith }: CommandParts): void {
  addServeOptions(program.command('serve', { isDefault: true }))
    .description('serve the gateway (the default command)')
    .action(async (_, command: Command) => {
      const { serve } = await import('./serve.js');
      exitWith(await serve(command.opts(), cli));
    });
  addPublishOptions(program.command('publish'))
    .description('write the Sessions of this machine to a bucket of NATS, for gateways elsewhere to read')
    .argument(
      '[command...]',
      'after --: run this command, publish only the Tilt that it starts, and exit with its code',
    )
    .action(async (words: string[], _, command: Command) => {
      const { publish } = await import('./publish.js');
      exitWith(await publish(command.opts(), words, cli));
    });
}

/** Those that ask a gateway. */
function addAsking(program: Command, { cli, exitWith }: CommandParts): void {
  addWatchOptions(program.command('watch'))
    .description('show what the targets of a Session do: a live table, or a JSON line for each change')
    .action(async (_, command: Command) => {
      const { watch } = await import('./watch/watch.js');
      exitWith(await watch(command.opts(), cli));
    });
  addWaitOptions(program.command('wait'))
    .description(
      'wait for a Session or a target: exits with 0 when it is so, 1 when it failed, 3 when it cannot be found out, 124 when the time is up',
    )
    .action(async (_, command: Command) => {
      const { wait } = await import('./wait/wait.js');
      exitWith(await wait(command.opts(), cli));
    });
  addQueryOptions(program.command('query'))
    .description('ask a gateway: exits with 1 for GraphQL errors, with 3 when it cannot be asked')
    .argument('[document]', 'GraphQL document; - reads standard input')
    .action(async (document: string | undefined, _, command: Command) => {
      const { query } = await import('./query/query.js');
      exitWith(await query(document, command.opts(), cli, loadTypeDefs));
    });
  addClientOptions(program.command('mcp'))
    .description('answer a coding agent over standard input and output (Model Context Protocol)')
    .action(async (_, command: Command) => {
      const { mcp } = await import('./mcp/mcp.js');
      exitWith(await mcp(command.opts(), cli));
    });
}

/** Those that print something about the program itself. */
function addPrinting(program: Command, { cli, print }: CommandParts): void {
  program
    .command('schema')
    .description('print the GraphQL schema')
    .action(async () => {
      await print(await loadTypeDefs());
    });
  program
    .command('completion')
    .description(
      'print the script by which a shell completes commands: source <(tilt-graphql completion bash)',
    )
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']))
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion/scripts.js');
      await print(completionScript(shell, program.name()));
    });
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('./completion/complete.js');
      await print(await complete(words, program, cli.env));
    });
  program
    .command('help')
    .argument('[command]')
    .description('print the help of a command')
    .action(async (name?: string) => {
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (name !== undefined && !command) throw new UsageError(`unknown command '${oneLine(name)}'`);
      await print((command ?? program).helpInformation());
    });
}

async function loadTypeDefs(): Promise<string> {
  const { typeDefs } = await import('../graphql/schema.js');
  return typeDefs;
}
