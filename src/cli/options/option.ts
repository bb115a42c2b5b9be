import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '../usage-error.js';

/** Kind of value that shell completion suggests. Names of Sessions and targets come from the gateway. */
export type Completion = 'files' | 'sessions' | 'conditions' | 'filters';

/** Declaration of one option: parser, help and completion. */
export interface OptionSpec<T> extends Traits<T> {
  /** Names and placeholder, such as `-p, --port <number>`. */
  readonly flags: string;
  readonly help: string;
  /** Value when the option is not given. */
  readonly initial: T;
}

interface Traits<T> {
  /**
   * Parses an argument. `previous` is the value so far, for options that may be repeated. Throws
   * `InvalidArgumentError`.
   */
  readonly parse: (text: string, previous: T) => T;
  /**
   * Whether the option may be given several times: `parse` then includes `previous`. Default: false, and a
   * second value is a usage error. Options without a value may always be repeated.
   */
  readonly isRepeatable?: boolean;
  /** Initial value in the help text. Default: its JSON, or nothing for undefined. */
  readonly shown?: string;
  /** Environment variable for the value. The command line wins. Default: none. */
  readonly env?: string | undefined;
  /** Allowed values. Default: every value that `parse` accepts. */
  readonly choices?: readonly string[];
  /** Default: only `choices` are suggested. */
  readonly completion?: Completion;
  /** Whether the option is required. `initial` is not used then. Default: false. */
  readonly isMandatory?: boolean;
}

/** Table of options. TypeScript infers `V`, the type of their values, from the table. */
export type OptionTable<V> = { readonly [K in keyof V]: OptionSpec<V[K]> };

/** Option tables of a command, in the order of its help text. */
export type OptionGroups<G> = { readonly [K in keyof G]: OptionTable<G[K]> };

/** Values of a table. */
export type ValuesOf<T> = T extends OptionTable<infer V> ? V : never;

/** Values of all tables of a command. */
export type FlagsOf<T> = T extends OptionGroups<infer G> ? G : never;

/**
 * Declares an option with a value. The value may be undefined when there is no `initial`.
 *
 * @example
 * option('-p, --port <number>', 'port to listen on', { parse: port, initial: 4000 })
 */
export function option<T>(
  flags: string,
  help: string,
  traits: Traits<T> & { readonly initial: NoInfer<T> },
): OptionSpec<T>;
export function option<T>(
  flags: string,
  help: string,
  traits: Traits<T | undefined> & { readonly parse: (text: string, previous: T | undefined) => T },
): OptionSpec<T | undefined>;
export function option<T>(flags: string, help: string, traits: Traits<T | undefined>) {
  return { initial: undefined, ...traits, flags, help };
}

/** Declares an option whose value is any text that is not empty. */
export function text(flags: string, help: string, env?: string): OptionSpec<string | undefined> {
  return option(flags, help, { env, parse: notEmpty('a text that is not empty') });
}

/** Declares an option whose value is the name of a file. */
export function file(flags: string, help: string, env?: string): OptionSpec<string | undefined> {
  return option(flags, help, { env, parse: notEmpty('the path of a file'), completion: 'files' });
}

/**
 * Creates a parser for any text that is not empty: an unset variable in a script must not stand for the
 * default, or for something else.
 */
export function notEmpty(expected: string): (value: string) => string {
  return (value) => {
    if (value !== '') return value;
    throw new InvalidArgumentError(`Expected ${expected}.`);
  };
}

/**
 * Declares an option without a value: true when given; false for a name that starts with `--no-`. Its
 * environment variable is `true` or `false`.
 */
export function flag(flags: string, help: string, env?: string): OptionSpec<boolean> {
  const initial = flags.startsWith('--no-');
  return option(flags, help, { env, initial, parse: () => !initial });
}

/** Parser and choices of an option with a few allowed values. */
export function oneOf<const C extends string>(choices: readonly C[]) {
  const parse = (value: string): C => {
    const found = choices.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  };
  return { choices, parse };
}

/** Adds option tables to a command. Commander sets the returned values when it parses the command line. */
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
    let isGiven = false;
    // Commander reads the environment variable only if the command line has no value.
    const take = (argument: string) => {
      if (isGiven && hasValue && !spec.isRepeatable) throw givenTwice(declared);
      isGiven = true;
      value = spec.parse(argument, value);
      values[name] = value;
      return value;
    };
    const declared = new DeclaredOption(spec, take);
    const hasValue = declared.required || declared.optional;
    command.addOption(declared);
    if (spec.env !== undefined && !hasValue) {
      command.hook('preAction', () => {
        if (!isSwitchedOn(command, declared)) values[name] = spec.initial;
      });
    }
  }
  return complete(values, table);
}

/** The error of a second value: one of both would be ignored, such as the condition that fails. */
function givenTwice({ long, short }: Option): UsageError {
  return new UsageError(`${long ?? short}: given twice, expected once; remove one of the values`);
}

/**
 * Whether the command line or the environment variable switches an option without a value on. Commander only
 * checks that the variable exists. Ends the command with a usage error for another value than true and false.
 */
function isSwitchedOn(command: Command, option: Option): boolean {
  if (command.getOptionValueSource(option.attributeName()) !== 'env') return true;
  const variable = option.envVar ?? '';
  const value = process.env[variable] ?? '';
  if (value === 'true' || value === '1') return true;
  if (value === 'false' || value === '0' || value === '') return false;
  return command.error(
    `error: option '${option.flags}' value '${value}' from env '${variable}' is invalid. Expected true or false.`,
  );
}

/** Returns the values, all of which are set. */
function complete<V extends object>(values: Partial<V>, names: Readonly<Record<keyof V, unknown>>): V {
  if (hasAll(values, names)) return values;
  throw new Error(`internal error: an option has no value; declared: ${Object.keys(names).join(', ')}`);
}

function hasAll<V extends object>(
  values: Partial<V>,
  names: Readonly<Record<keyof V, unknown>>,
): values is V {
  return Object.keys(names).every((name) => name in values);
}

/** Copies an object without the entries that are undefined, for optional properties. */
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

/** Commander's option with its kind of completion. */
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
