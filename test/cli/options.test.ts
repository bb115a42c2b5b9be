import { Command, InvalidArgumentError } from 'commander';
import { describe, expect, it } from 'vitest';
import { addOptions, file, flag, oneOf, option, text, withoutUndefined } from '../../src/cli/options.js';

const groups = {
  first: {
    port: option('-p, --port <number>', 'a port', { parse: wholeNumber, initial: 4000, env: 'TEST_PORT' }),
    names: option('--name <name>', 'names', {
      parse: (name, given: readonly string[]) => [...given, name],
      initial: [],
    }),
    note: text('--note <text>', 'a note'),
  },
  second: {
    isLoud: flag('--loud', 'speak up'),
    hasPage: flag('--no-page', 'no page'),
    form: option('--form <form>', 'a form', oneOf(['json', 'table'])),
    path: file('--path <path>', 'a file'),
  },
};

function parse(...args: string[]) {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  const flags = addOptions(command, groups);
  command.parse(args, { from: 'user' });
  return flags;
}

function wholeNumber(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a number.');
}

describe('options declared in tables', () => {
  it('have their initial values where the command line has none', () => {
    expect(parse()).toEqual({
      first: { port: 4000, names: [], note: undefined },
      second: { isLoud: false, hasPage: true, form: undefined, path: undefined },
    });
  });

  it('have the values of the command line, parsed and grouped by table', () => {
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

  it('reject a value that cannot be parsed, and one that is no choice', () => {
    expect(() => parse('--port', 'x')).toThrow(/'x' is invalid\. Expected a number\./);
    expect(() => parse('--form', 'xml')).toThrow(/Allowed choices are json, table\./);
  });

  it('read their variable only where the command line has no value', () => {
    process.env.TEST_PORT = '2';
    try {
      expect(parse().first.port).toBe(2);
      expect(parse('--port', '3').first.port).toBe(3);
    } finally {
      delete process.env.TEST_PORT;
    }
  });
});

describe('values for optional properties', () => {
  it('leave out what is undefined', () => {
    expect(withoutUndefined({ a: 1, b: undefined, c: null })).toEqual({ a: 1, c: null });
  });
});
