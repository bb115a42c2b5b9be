import { Argument, type Command } from 'commander';
import type { CliProcess } from './cli-process.js';
import { logsOptions, mcpOptions, queryOptions, waitOptions, watchOptions } from './options/client.js';
import { addOptions, type OptionGroups } from './options/option.js';
import { publishOptions } from './options/publish.js';
import { serveOptions } from './options/serve.js';

/** Dependencies of the commands. */
export interface CommandParts {
  readonly cli: CliProcess;
  /**
   * Prints the result of a command on standard output. Rejects with an `OutputError` when it cannot be
   * written.
   */
  readonly print: (text: string) => Promise<void>;
  /** Sets the exit code of the program. Default: 0. */
  readonly exitWith: (code: number) => void;
  /** Sets the exit code of the program for an unexpected error. Default: 1. */
  readonly failWith: (code: number) => void;
}

/** Declaration of a command. */
interface CommandSpec<G> {
  readonly name: string;
  /** Default: the command is hidden. */
  readonly help?: string;
  readonly options: OptionGroups<G>;
  readonly argument?: Argument;
  /** Exit code for an unexpected error. Default: 1. */
  readonly errorCode?: number;
  /** Runs the command with its option values and arguments. Resolves with the exit code. */
  readonly run: (flags: G, words: readonly string[]) => Promise<number>;
}

/** Adds every command. Loads the implementation of a command only when it runs, for a fast start. */
export function addCommands(program: Command, { cli, print, ...exits }: CommandParts): void {
  const add = createAdd(program, exits);
  add({
    name: 'serve',
    help: 'serve the gateway (the default command)',
    options: serveOptions,
    run: async (flags) => (await import('./serve.js')).serve(flags, cli),
  });
  add({
    name: 'publish',
    help: 'publish the Sessions of this machine to a NATS bucket, for gateways on other machines',
    options: publishOptions,
    argument: new Argument(
      '[command...]',
      'after --: run this command, publish only the Tilt that it starts, and exit with its exit code',
    ),
    run: async (flags, words) => (await import('./publish.js')).publish(flags, words, cli),
  });
  const watchFlags = add({
    name: 'watch',
    help: 'watch the targets of a Session: a live table, or one JSON line per change',
    options: watchOptions,
    run: async (flags) => (await import('./watch/run-watch.js')).runWatch(flags, cli),
  });
  const logsFlags = add({
    name: 'logs',
    help: 'print the log of a Session or of some resources; exit codes: 0 printed, 3 no log',
    options: logsOptions,
    argument: new Argument('[resources...]', 'Tiltfile resources; (Tiltfile) is Tilt itself (default: all)'),
    run: async (flags, names) => (await import('./logs/run-logs.js')).runLogs(names, flags, cli),
  });
  const waitFlags = add({
    name: 'wait',
    help: 'wait for a Session or a target to reach a condition; exit codes: 0 reached, 1 failed, 3 unknown, 124 timeout',
    options: waitOptions,
    // Unknown: 1 would mean that the condition failed.
    errorCode: 3,
    run: async (flags) => (await import('./wait/run-wait.js')).runWait(flags, cli),
  });
  add({
    name: 'query',
    help: 'run a GraphQL document; exit codes: 0 answered, 1 GraphQL errors, 3 gateway not reachable',
    options: queryOptions,
    argument: new Argument('[document]', 'GraphQL document; - for standard input'),
    run: async (flags, [document]) =>
      (await import('./query/run-query.js')).runQuery(document, flags, cli, loadTypeDefs),
  });
  add({
    name: 'mcp',
    help: 'serve coding agents over standard input and output (Model Context Protocol)',
    options: mcpOptions,
    run: async (flags) => (await import('./mcp.js')).runMcp(flags, cli),
  });
  add({
    name: 'schema',
    help: 'print the GraphQL schema',
    options: {},
    run: async () => printText(await loadTypeDefs()),
  });
  add({
    name: 'completion',
    help: 'print a shell completion script; load it with: source <(tilt-graphql completion bash)',
    options: {},
    argument: new Argument('<shell>').choices(['bash', 'zsh', 'fish', 'powershell']),
    async run(_, [shell = '']) {
      const { completionScript } = await import('./completion/scripts.js');
      return printText(completionScript(shell, program.name()));
    },
  });
  add({
    name: 'complete',
    options: {},
    argument: new Argument('[words...]'),
    async run(_, words) {
      const { complete } = await import('./completion/complete.js');
      const sessionFlags = { watch: watchFlags.client, logs: logsFlags.client, wait: waitFlags.client };
      return printText(await complete(words, program, sessionFlags, cli.env));
    },
  });
  add({
    name: 'help',
    help: 'print the help of a command',
    options: {},
    argument: new Argument('[command]').choices([...listVisibleCommands(program), 'help']),
    async run(_, [name]) {
      const command = program.commands.find((candidate) => candidate.name() === name);
      return printText((command ?? program).helpInformation());
    },
  });

  async function printText(text: string): Promise<number> {
    await print(text);
    return 0;
  }
}

/**
 * Creates the function that adds a command to the program. It returns the option values of the command, which
 * are set when the command line is parsed.
 */
function createAdd(program: Command, { exitWith, failWith }: Pick<CommandParts, 'exitWith' | 'failWith'>) {
  return <G extends { [K in keyof G]: object }>(spec: CommandSpec<G>): G => {
    const { name, help, options, argument, errorCode, run } = spec;
    const command = program.command(name, { hidden: help === undefined });
    const flags = addOptions(command, options);
    if (help !== undefined) command.description(help);
    if (argument) command.addArgument(argument);
    command.action(async () => {
      if (errorCode !== undefined) failWith(errorCode);
      exitWith(await run(flags, command.args));
    });
    return flags;
  };
}

function listVisibleCommands(program: Command): string[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => command.name());
}

async function loadTypeDefs(): Promise<string> {
  const { typeDefs } = await import('../graphql/schema.js');
  return typeDefs;
}
