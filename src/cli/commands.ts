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

/** Declaration of a command. */
interface CommandSpec<G> {
  readonly name: string;
  /** Default: the command is hidden. */
  readonly help?: string;
  readonly options: OptionGroups<G>;
  readonly argument?: Argument;
  /** Runs the command with its flags and arguments. Resolves with the exit code. */
  readonly run: (flags: G, words: readonly string[]) => Promise<number>;
}

/** Adds every command. What one does is loaded when it is run, so that none waits for what the others need. */
export function addCommands(program: Command, { cli, print, exitWith }: CommandParts): void {
  add({
    name: 'serve',
    help: 'serve the gateway (the default command)',
    options: serveOptions,
    run: async (flags) => (await import('./serve.js')).serve(flags, cli),
  });
  add({
    name: 'publish',
    help: 'write the Sessions of this machine to a bucket of NATS, for gateways elsewhere to read',
    options: publishOptions,
    argument: new Argument(
      '[command...]',
      'after --: run this command, publish only the Tilt that it starts, and exit with its code',
    ),
    run: async (flags, words) => (await import('./publish.js')).publish(flags, words, cli),
  });
  const watching = add({
    name: 'watch',
    help: 'show what the targets of a Session do: a live table, or a JSON line for each change',
    options: watchOptions,
    run: async (flags) => (await import('./watch/watch.js')).watch(flags, cli),
  });
  const waiting = add({
    name: 'wait',
    help: 'wait for a Session or a target: exits with 0 when it is so, 1 when it failed, 3 when it cannot be found out, 124 when the time is up',
    options: waitOptions,
    run: async (flags) => (await import('./wait/wait.js')).wait(flags, cli),
  });
  add({
    name: 'query',
    help: 'ask a gateway: exits with 1 for GraphQL errors, with 3 when it cannot be asked',
    options: queryOptions,
    argument: new Argument('[document]', 'GraphQL document; - reads standard input'),
    run: async (flags, [document]) =>
      (await import('./query/query.js')).query(document, flags, cli, loadTypeDefs),
  });
  add({
    name: 'mcp',
    help: 'answer a coding agent over standard input and output (Model Context Protocol)',
    options: mcpOptions,
    run: async (flags) => (await import('./mcp/mcp.js')).mcp(flags, cli),
  });
  add({
    name: 'schema',
    help: 'print the GraphQL schema',
    options: {},
    run: async () => printed(await loadTypeDefs()),
  });
  add({
    name: 'completion',
    help: 'print the script by which a shell completes commands: source <(tilt-graphql completion bash)',
    options: {},
    argument: new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']),
    async run(_, [shell = '']) {
      const { completionScript } = await import('./completion/scripts.js');
      return printed(completionScript(shell, program.name()));
    },
  });
  add({
    name: 'complete',
    options: {},
    argument: new Argument('[words...]'),
    async run(_, words) {
      const { complete } = await import('./completion/complete.js');
      const asking = { watch: watching.client, wait: waiting.client };
      return printed(await complete(words, program, asking, cli.env));
    },
  });
  add({
    name: 'help',
    help: 'print the help of a command',
    options: {},
    argument: new Argument('[command]'),
    async run(_, [name]) {
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (name !== undefined && !command) throw new UsageError(`unknown command '${oneLine(name)}'`);
      return printed((command ?? program).helpInformation());
    },
  });

  /** Adds a command. Returns its flags, which follow the command line once it has been parsed. */
  function add<G extends { [K in keyof G]: object }>(spec: CommandSpec<G>): G {
    const { name, help, options, argument, run } = spec;
    const command = program.command(name, { isDefault: name === 'serve', hidden: help === undefined });
    const flags = addOptions(command, options);
    if (help !== undefined) command.description(help);
    if (argument) command.addArgument(argument);
    command.action(async () => exitWith(await run(flags, command.args)));
    return flags;
  }

  async function printed(text: string): Promise<number> {
    await print(text);
    return 0;
  }
}

async function loadTypeDefs(): Promise<string> {
  const { typeDefs } = await import('../graphql/schema.js');
  return typeDefs;
}
