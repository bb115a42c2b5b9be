import { type Command, InvalidArgumentError, Option } from 'commander';

/** What completes the value of an option. Names of Sessions and targets are those that the gateway knows. */
export type Completion = 'files' | 'sessions' | 'conditions';

/** Declaration of one option: how it is read, described and completed. */
export interface OptionSpec<T> extends Traits<T> {
  /** Names and placeholder, such as `-p, --port <number>`. */
  readonly flags: string;
  readonly help: string;
  /** Value of a command line without the option. */
  readonly initial: T;
}

interface Traits<T> {
  /** Reads an argument. `given` is the value so far, for options that may be repeated. Throws `InvalidArgumentError`. */
  readonly parse: (text: string, given: T) => T;
  /** Initial value as help shows it. Default: its JSON; nothing for undefined. */
  readonly shown?: string;
  /** Variable that is read when the option is not on the command line. Default: none. */
  readonly env?: string | undefined;
  /** The only values. Default: whatever `parse` accepts. */
  readonly choices?: readonly string[];
  /** Default: nothing but the choices. */
  readonly completion?: Completion;
  /** Whether the command needs it; `initial` is then never seen. Default: false. */
  readonly isMandatory?: boolean;
}

/** A table of options. The type of their values, `V`, follows from the table. */
export type OptionTable<V> = { readonly [K in keyof V]: OptionSpec<V[K]> };

/** The tables of a command, in the order of its help. */
export type OptionGroups<G> = { readonly [K in keyof G]: OptionTable<G[K]> };

/** The values of a table. */
export type ValuesOf<T> = T extends OptionTable<infer V> ? V : never;

/** The values of the tables of a command. */
export type FlagsOf<T> = T extends OptionGroups<infer G> ? G : never;

/**
 * Declares an option with a value. Without `initial`, the value may be undefined.
 *
 * @example option('-p, --port <number>', 'port to listen on', { parse: port, initial: 4000, env: 'TILT_GRAPHQL_PORT' })
 */
export function option<T>(
  flags: string,
  help: string,
  traits: Traits<T> & { readonly initial: NoInfer<T> },
): OptionSpec<T>;
export function option<T>(
  flags: string,
  help: string,
  traits: Traits<T | undefined> & { readonly parse: (text: string, given: T | undefined) => T },
): OptionSpec<T | undefined>;
export function option<T>(flags: string, help: string, traits: Traits<T | undefined>) {
  return { initial: undefined, ...traits, flags, help };
}

/** Declares an option whose value is any text. */
export function text(flags: string, help: string, env?: string): OptionSpec<string | undefined> {
  return option(flags, help, { env, parse: (value) => value });
}

/** Declares an option whose value is the name of a file. */
export function file(flags: string, help: string, env?: string): OptionSpec<string | undefined> {
  return { ...text(flags, help, env), completion: 'files' };
}

/** Declares an option without a value: true when it is given; one that begins with `--no-` is false then. */
export function flag(flags: string, help: string, env?: string): OptionSpec<boolean> {
  const initial = flags.startsWith('--no-');
  return option(flags, help, { env, initial, parse: () => !initial });
}

/** Traits of an option that has a few possible values. */
export function oneOf<const C extends string>(choices: readonly C[]) {
  const parse = (value: string): C => {
    const found = choices.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  };
  return { choices, parse };
}

/** Adds the tables to a command. Returns the values, which follow the command line once Commander has parsed it. */
export function addOptions<G extends { [K in keyof G]: object }>(
  command: Command,
  groups: OptionGroups<G>,
): G {
  const flags: Partial<G> = {};
  for (const name in groups) flags[name] = addTable<G[Extract<keyof G, string>]>(command, groups[name]);
  return complete(flags, groups);
}

function addTable<V extends object>(command: Command, table: OptionTable<V>): V {
  const values: Partial<V> = {};
  for (const name in table) {
    const spec = table[name];
    let value = spec.initial;
    values[name] = value;
    const take = (argument: string) => {
      value = spec.parse(argument, value);
      values[name] = value;
      return value;
    };
    command.addOption(new DeclaredOption(spec, take));
  }
  return complete(values, table);
}

/** The values, of which each has been set. */
function complete<V extends object>(values: Partial<V>, names: Readonly<Record<keyof V, unknown>>): V {
  if (hasAll(values, names)) return values;
  throw new Error(`an option has no value: ${Object.keys(names).join(', ')}`);
}

function hasAll<V extends object>(
  values: Partial<V>,
  names: Readonly<Record<keyof V, unknown>>,
): values is V {
  return Object.keys(names).every((name) => name in values);
}

/** The entries of an object that are not undefined, for optional properties. */
export function withoutUndefined<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const defined: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in object) {
    const value = object[key];
    if (isDefined(value)) defined[key] = value;
  }
  return defined;
}

function isDefined<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}

/** An option as Commander knows it, with what completes it. */
export class DeclaredOption extends Option {
  readonly completion: Completion | null;

  constructor(spec: Omit<OptionSpec<unknown>, 'parse'>, parse: (argument: string) => unknown) {
    super(spec.flags, spec.help);
    this.completion = spec.completion ?? null;
    if (spec.choices) this.choices(spec.choices);
    if (spec.env !== undefined) this.env(spec.env);
    if (spec.isMandatory) this.makeOptionMandatory();
    else if (spec.initial !== undefined) this.default(spec.initial, spec.shown);
    this.argParser(parse);
  }
}
