type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Path of a program in the system folder of Windows. It is absolute, because Windows searches a name without
 * a folder in the current folder first.
 */
export function systemProgram(name: string, env: Environment): string {
  return `${env.SystemRoot ?? 'C:\\Windows'}\\System32\\${name}`;
}
