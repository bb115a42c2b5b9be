import { systemProgram } from '../lib/windows.js';
import { UsageError } from './usage-error.js';

/** Arguments of `spawn`. */
export interface SpawnArguments {
  readonly file: string;
  readonly args: readonly string[];
  /** Whether Windows receives the arguments as they are, without quoting by Node.js. */
  readonly windowsVerbatimArguments: boolean;
}

/**
 * Returns the arguments of `spawn` for a command. On Windows, Node.js rejects a batch file with `EINVAL`
 * (CVE-2024-27980), so `cmd.exe` runs it with quoted arguments. Throws a {@link UsageError} for an argument
 * that `cmd.exe` cannot pass on.
 */
export function toSpawnArguments(
  file: string,
  args: readonly string[],
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): SpawnArguments {
  if (platform !== 'win32' || !/\.(?:cmd|bat)[. ]*$/i.test(file)) {
    return { file, args, windowsVerbatimArguments: false };
  }
  const line = [file.replaceAll('/', '\\'), ...args].map(quote).join(' ');
  return {
    file: systemProgram('cmd.exe', env),
    // /d: no AutoRun; /e:on: `%cd:~,%` works; /v:off: `!` is an ordinary character; /s: only the outer quotes
    // are removed.
    args: ['/d', '/e:on', '/v:off', '/s', '/c', `"${line}"`],
    windowsVerbatimArguments: true,
  };
}

/**
 * Quotes an argument of a batch file, in the way of Rust's standard library since CVE-2024-24576. Within
 * quotes only `"` and `%` are special. `cmd.exe` has no escape for `%`: `%cd:~,%` expands to nothing, and
 * separates the percent sign before it from a name that follows.
 */
function quote(text: string): string {
  if (/[\0\r\n]/.test(text)) {
    throw new UsageError(
      `expected arguments without line breaks for a batch file, got ${JSON.stringify(text)}`,
    );
  }
  // Programs read a backslash before a quote as an escape, so it is doubled there.
  const escaped = text.replace(
    /(\\*)("|$)/g,
    (_, slashes: string, end: string) => slashes.repeat(2) + end.repeat(2),
  );
  return `"${escaped.replaceAll('%', '%%cd:~,%')}"`;
}

/**
 * Hint for a command that Windows cannot find: `spawn` adds `.exe`, but not `.cmd`, to a name without
 * extension. Empty for other commands.
 */
export function describeMissing(file: string, platform: NodeJS.Platform): string {
  return platform === 'win32' && !/\.\w+$/.test(file)
    ? `; if it is a batch file, give its extension: ${file}.cmd`
    : '';
}
