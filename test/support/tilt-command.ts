import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** What a stand-in for the `tilt` command does; see {@link startTiltCommand}. */
export interface TiltCommandOptions {
  /** The kubeconfig in which it adds its entry at its start, in place and in steps as client-go does, and which it removes at its end. */
  readonly kubeconfig: string;
  /** Name of its context. Default: `tilt-default`; `tilt-0` is what every Tilt with `--port 0` uses. */
  readonly context?: string;
  /** Default: `ci`. */
  readonly exitCondition?: 'ci' | 'manual';
  /** How the run ends. `never`: it runs until it is killed. Default: `pass`. */
  readonly ends?: 'pass' | 'fail' | 'tiltfile-error' | 'never';
  /** Milliseconds between the entry in the kubeconfig and `done`. Default: 500. */
  readonly livesMs?: number;
  /**
   * If given, it ends only after SIGUSR2 and when so many watches are open (after 10 s with fewer), so that what is read of it
   * does not depend on how busy the machine is.
   */
  readonly readers?: number;
  /** Whether `livesMs` begins only when a watch is open (after 10 s without one): a life as short as its reader allows. */
  readonly untilWatched?: boolean;
  /** Default: `/home/dev/shop/Tiltfile`. */
  readonly tiltfile?: string;
  /** The exit code of the process. Default: 0 for `pass`, 1 otherwise. */
  readonly exitCode?: number;
}

/** A process that behaves as `tilt ci` or `tilt up` does. */
export interface TiltCommand extends AsyncDisposable {
  /** What the Session reports as its `pid`. */
  readonly pid: number;
  /** Resolves with the exit code once the process has ended. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Ends the run now, as if `livesMs` were over. Only once it has added its entry. */
  finish(): void;
}

/** The command line of a stand-in, for those who start it themselves, such as `publish -- …`. */
export function tiltCommandLine(options: TiltCommandOptions): [file: string, ...args: string[]] {
  bundle ??= bundleMain();
  return [process.execPath, bundle, JSON.stringify(options)];
}

let bundle: string | undefined;

/** Bundles the program: it starts in a third of the time that `tsx` needs, and the lives of these processes are short. */
function bundleMain(): string {
  const path = fileURLToPath(new URL('../../node_modules/.cache/tilt-command.mjs', import.meta.url));
  const outfile = `${path}.${process.pid}.mjs`;
  buildSync({
    entryPoints: [fileURLToPath(new URL('./tilt-command-main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    banner: {
      js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
    },
  });
  // In one step: other test files make it too.
  renameSync(outfile, path);
  return path;
}

/**
 * Starts a stand-in for the `tilt` command: a process with an API server of its own, a Session with the process's pid and a
 * new uid, and an entry in the kubeconfig. At its end a `tilt ci` reports `done`, about 10 ms later its connections are cut,
 * its entry is removed and the process ends (`recordings/ci-ok-watch.ndjson`).
 */
export function startTiltCommand(options: TiltCommandOptions): TiltCommand {
  const [file, ...args] = tiltCommandLine(options);
  const child: ChildProcess = spawn(file, args, { stdio: 'inherit' });
  const exited = once(child, 'exit').then(() => child.exitCode);
  return {
    pid: child.pid ?? 0,
    exited,
    kill: (signal) => void child.kill(signal),
    finish: () => void child.kill('SIGUSR2'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
