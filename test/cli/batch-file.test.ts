import { describe, expect, it } from 'vitest';
import { describeMissing, toSpawnArguments } from '../../src/cli/batch-file.js';

const ENV = { SystemRoot: 'C:\\Windows' };

/** Returns the line that cmd.exe runs for a batch file with these arguments. */
function lineOf(file: string, ...args: string[]): string | undefined {
  return toSpawnArguments(file, args, 'win32', ENV).args.at(-1);
}

describe('a batch file as the command of publish', () => {
  it('publish runs a batch file with cmd.exe of the system folder, without AutoRun', () => {
    expect(toSpawnArguments('tilt.cmd', ['ci'], 'win32', ENV)).toEqual({
      file: 'C:\\Windows\\System32\\cmd.exe',
      args: ['/d', '/e:on', '/v:off', '/s', '/c', '""tilt.cmd" "ci""'],
      windowsVerbatimArguments: true,
    });
  });

  it.each<[string, NodeJS.Platform]>([
    ['tilt', 'win32'],
    ['C:\\tools\\tilt.exe', 'win32'],
    ['tilt.cmd', 'linux'],
    ['run.bat', 'darwin'],
  ])('publish starts %s on %s directly', (file, platform) => {
    const args = ['a b', '"%PATH%"'];
    expect(toSpawnArguments(file, args, platform, ENV)).toEqual({
      file,
      args,
      windowsVerbatimArguments: false,
    });
  });

  it.each([
    ['TILT.CMD', '""TILT.CMD""'],
    ['run.Bat', '""run.Bat""'],
    ['run.bat. .', '""run.bat. .""'],
    ['./my scripts/run.bat', '"".\\my scripts\\run.bat""'],
  ])('publish runs the batch file %s with the line %s', (file, line) => {
    expect(lineOf(file)).toBe(line);
  });

  it.each([
    ['', '""'],
    ['a b', '"a b"'],
    ['& calc.exe', '"& calc.exe"'],
    ['" & calc.exe', '""" & calc.exe"'],
    ['^|<>!()', '"^|<>!()"'],
    ['%PATH%', '"%%cd:~,%PATH%%cd:~,%"'],
    ['C:\\folder\\', '"C:\\folder\\\\"'],
    ['say \\"hi\\"', '"say \\\\""hi\\\\"""'],
  ])('publish quotes the argument %j of a batch file as %s', (arg, quoted) => {
    expect(lineOf('x.cmd', arg)).toBe(`""x.cmd" ${quoted}"`);
  });

  it.each(['two\nlines', 'a\rb', 'a\0b'])('publish rejects the argument %j of a batch file', (arg) => {
    expect(() => lineOf('x.cmd', arg)).toThrow(
      /^expected arguments without line breaks for a batch file, got "/,
    );
  });
});

describe('a command that cannot be found', () => {
  it('publish on Windows names the extension that a batch file needs', () => {
    expect(describeMissing('npm', 'win32')).toBe('; if it is a batch file, give its extension: npm.cmd');
    expect(describeMissing('npm.exe', 'win32')).toBe('');
    expect(describeMissing('npm', 'linux')).toBe('');
  });
});
