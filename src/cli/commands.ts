import { Argument, type Command } from 'commander';
import { oneLine } from '../model/one-line.js';
import type { CliProcess } from './cli-process.js';
import { mcpOptions } from './client-options.js';
import { addOptions, type OptionGroups } from './options.js';
import { publishOptions } from './publish-options.js';
import { queryOptions } from './query/query-options.js';
import { serveOptions } from './serve-options.js';
import { UsageError } from './usage-error.js';
import { waitOptions } from './wait/wait-options.js';
import { watchOptions } from './watch/watch-options.js';

/** What commands work with. */
export interface CommandParts {
  readonly cli: CliProcess;
  /** Prints a text on standard output, for commands whose purpose it is. Rejects with an `OutputError` when it is lost. */
  readonly print: (text: string) => Promise<void>;
  /** Sets the exit code of the program. Default: 0. */
  readonly exitWith: (code: number) => void;
}

/** Adds every command. What one does is loaded when it is run, so that none waits for what the others need. */
export function addCommands(program: Command, { cli, print, exitWith }: CommandParts): void {
  const exitAfter = (run: Promise<number>) => run.then(exitWith);
  addServing(program, exitAfter, cli);
  const asking = addAsking(program, exitAfter, cli);
  addPrinting(program, print);
  addCommand(program, {
    name: 'complete',
    options: {},
    argument: new Argument('[words...]'),
    async run(_, words) {
      const { complete } = await import('./completion/complete.js');
      await print(await complete(words, program, asking, cli.env));
    },
  });
}

/** Declaration of a command. */
interface CommandSpec<G> {
  readonly name: string;
  /** Default: the command is not listed. */
  readonly help?: string;
  readonly options: OptionGroups<G>;
  readonly argument?: Argument;
  readonly run: (flags: G, words: readonly string[]) => Promise<void>;
}

/** Adds a command. Returns its flags, which follow the command line once it has been parsed. */
function addCommand<G extends { [K in keyof G]: object }>(
  program: Command,
  { name, help, options, argument, run }: CommandSpec<G>,
): G {
  const command = program.command(name, { isDefault: name === 'serve', hidden: help === undefined });
  const flags = addOptions(command, options);
  if (help !== undefined) command.description(help);
  if (argument) command.addArgument(argument);
  command.action(() => run(flags, command.args));
  return flags;
}

type ExitAfter = (run: Promise<number>) => Promise<void>;

/** Commands that read Tilts. */
function addServing(program: Command, exitAfter: ExitAfter, cli: CliProcess): void {
  addCommand(program, {
    name: 'serve',
    help: 'serve the gateway (the default command)',
    options: serveOptions,
    async run(flags) {
      const { serve } = await import('./serve.js');
      await exitAfter(serve(flags, cli));
    },
  });
  addCommand(program, {
    name: 'publish',
    help: 'write the Sessions of this machine to a bucket of NATS, for gateways elsewhere to read',
    options: publishOptions,
    argument: new Argument(
      '[command...]',
      'after --: run this command, publish only the Tilt that it starts, and exit with its code',
    ),
    async run(flags, words) {
      const { publish } = await import('./publish.js');
      await exitAfter(publish(flags, words, cli));
    },
  });
}

/** Commands that ask a gateway. Returns the flags of those about one Session, by name. */
function addAsking(program: Command, exitAfter: ExitAfter, cli: CliProcess) {
  const { client: watch } = addCommand(program, {
    name: 'watch',
    help: 'show what the targets of a Session do: a live table, or a JSON line for each change',
    options: watchOptions,
    async run(flags) {
      const { watch } = await import('./watch/watch.js');
      await exitAfter(watch(flags, cli));
    },
  });
  const { client: wait } = addCommand(program, {
    name: 'wait',
    help: 'wait for a Session or a target: exits with 0 when it is so, 1 when it failed, 3 when it cannot be found out, 124 when the time is up',
    options: waitOptions,
    async run(flags) {
      const { wait } = await import('./wait/wait.js');
      await exitAfter(wait(flags, cli));
    },
  });
  addCommand(program, {
    name: 'query',
    help: 'ask a gateway: exits with 1 for GraphQL errors, with 3 when it cannot be asked',
    options: queryOptions,
    argument: new Argument('[document]', 'GraphQL document; - reads standard input'),
    async run(flags, [document]) {
      const { query } = await import('./query/query.js');
      await exitAfter(query(document, flags, cli, loadTypeDefs));
    },
  });
  addCommand(program, {
    name: 'mcp',
    help: 'answer a coding agent over standard input and output (Model Context Protocol)',
    options: mcpOptions,
    async run(flags) {
      const { mcp } = await import('./mcp/mcp.js');
      await exitAfter(mcp(flags, cli));
    },
  });
  return { watch, wait };
}

/** Commands that print something about the program itself. */
function addPrinting(program: Command, print: CommandParts['print']): void {
  addCommand(program, {
    name: 'schema',
    help: 'print the GraphQL schema',
    options: {},
    run: async () => print(await loadTypeDefs()),
  });
  addCommand(program, {
    name: 'completion',
    help: 'print the script by which a shell completes commands: source <(tilt-graphql completion bash)',
    options: {},
    argument: new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']),
    async run(_, [shell = '']) {
      const { completionScript } = await import('./completion/scripts.js');
      await print(completionScript(shell, program.name()));
    },
  });
  addCommand(program, {
    name: 'help',
    help: 'print the help of a command',
    options: {},
    argument: new Argument('[command]'),
    async run(_, [name]) {
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (name !== undefined && !command) throw new UsageError(`unknown command '${oneLine(name)}'`);
      await print((command ?? program).helpInformation());
    },
  });
}

async function loadTypeDefs(): Promise<string> {
  const { typeDefs } = await import('../graphql/schema.js');
  return typeDefs;
}
