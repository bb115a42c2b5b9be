import { Command, InvalidArgumentError } from 'commander';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  addOptions,
  file,
  flag,
  oneOf,
  option,
  text,
  withoutUndefined,
} from '../../../src/cli/options/option.js';
import { UsageError } from '../../../src/cli/usage-error.js';

const groups = {
  first: {
    port: option('-p, --port <number>', 'a port', { parse: wholeNumber, initial: 4000, env: 'TEST_PORT' }),
    names: option('--name <name>', 'names', {
      parse: (name, given: readonly string[]) => [...given, name],
      isRepeatable: true,
      initial: [],
    }),
    note: text('--note <text>', 'a note'),
  },
  second: {
    isLoud: flag('--loud', 'speak up', 'TEST_LOUD'),
    hasPage: flag('--no-page', 'no page', 'TEST_NO_PAGE'),
    form: option('--form <form>', 'a form', oneOf(['json', 'table'])),
    path: file('--path <path>', 'a file'),
  },
};

function parse(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const flags = addOptions(command, groups);
  command.action(() => {});
  command.parse(args, { from: 'user' });
  return flags;
}

function wholeNumber(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a number.');
}

afterEach(() => vi.unstubAllEnvs());

describe('options declared in tables', () => {
  it('options that are not given have their initial values', () => {
    expect(parse()).toEqual({
      first: { port: 4000, names: [], note: undefined },
      second: { isLoud: false, hasPage: true, form: undefined, path: undefined },
    });
  });

  it('given options are parsed and grouped by table', () => {
    const args = [
      '-p',
      '1',
      '--name',
      'a',
      '--name',
      'b',
      '--loud',
      '--no-page',
      '--form',
      'table',
      '--path',
      'x',
    ];
    expect(parse(...args)).toEqual({
      first: { port: 1, names: ['a', 'b'], note: undefined },
      second: { isLoud: true, hasPage: false, form: 'table', path: 'x' },
    });
  });

  it('options reject values that cannot be parsed or are not a choice', () => {
    expect(() => parse('--port', 'x')).toThrow(/'x' is invalid\. Expected a number\./);
    expect(() => parse('--form', 'xml')).toThrow(/Allowed choices are json, table\./);
  });

  it.each([
    ['--port', ['--port', '1', '-p', '2']],
    ['--port', ['-p', '1', '--port=1']],
    ['--note', ['--note', 'a', '--loud', '--note', 'b']],
    ['--form', ['--form', 'json', '--form', 'table']],
    ['--path', ['--path', 'a', '--path', 'a', '--path', 'a']],
  ])('the option %s is rejected when it has a second value: %j', (name, args) => {
    expect(() => parse(...args)).toThrow(
      new UsageError(`${name}: given twice, expected once; remove one of the values`),
    );
  });

  it('a value from the environment does not count as the first one', () => {
    vi.stubEnv('TEST_PORT', '2');
    expect(parse('--port', '3').first.port).toBe(3);
    expect(() => parse('--port', '3', '--port', '4')).toThrow('--port: given twice');
  });

  it('options without a value may be repeated', () => {
    expect(parse('--loud', '--no-page', '--loud', '--no-page').second).toMatchObject({
      isLoud: true,
      hasPage: false,
    });
  });

  it.each(['--note', '--path'])('the option %s rejects an empty value', (name) => {
    expect(() => parse(name, '')).toThrow(/'' is invalid\. Expected /);
  });

  it('the command line takes precedence over an environment variable', () => {
    vi.stubEnv('TEST_PORT', '2');
    expect(parse().first.port).toBe(2);
    expect(parse('--port', '3').first.port).toBe(3);
    vi.stubEnv('TEST_LOUD', 'false');
    expect(parse('--loud').second.isLoud).toBe(true);
  });

  it.each([
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['', false],
  ])('the environment variable of an option without a value is read: %j switches to %s', (value, isOn) => {
    vi.stubEnv('TEST_LOUD', value);
    vi.stubEnv('TEST_NO_PAGE', value);
    expect(parse().second).toMatchObject({ isLoud: isOn, hasPage: !isOn });
  });

  it('an option without a value rejects an environment variable that is neither true nor false', () => {
    vi.stubEnv('TEST_LOUD', 'maybe');
    expect(() => parse()).toThrow(
      /'--loud' value 'maybe' from env 'TEST_LOUD' is invalid\. Expected true or false\./,
    );
  });
});

describe('withoutUndefined', () => {
  it('withoutUndefined removes undefined entries and keeps null', () => {
    expect(withoutUndefined({ a: 1, b: undefined, c: null })).toEqual({ a: 1, c: null });
  });
});
