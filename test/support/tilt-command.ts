import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Behaviour of a fake `tilt` command; see {@link startTiltCommand}. */
export interface TiltCommandOptions {
  /**
   * Kubeconfig to which the command adds its entry in place and in steps, like client-go, and removes it at
   * exit.
   */
  readonly kubeconfig: string;
  /** Context name. Default: `tilt-default`. Every Tilt with `--port 0` uses `tilt-0`. */
  readonly context?: string;
  /** Default: `ci`. */
  readonly exitCondition?: 'ci' | 'manual';
  /** Result of the run. `never`: runs until killed. Default: `pass`. */
  readonly ends?: 'pass' | 'fail' | 'tiltfile-error' | 'never';
  /** Milliseconds between the entry in the kubeconfig and `done`. Default: 500. */
  readonly livesMs?: number;
  /**
   * If given, the run ends only after SIGUSR2 and when this many watches are open, or 10 s later. Readers
   * then see the same events however busy the machine is.
   */
  readonly readers?: number;
  /**
   * Whether `livesMs` starts only when a watch is open, or after 10 s: the shortest run that a reader can
   * see.
   */
  readonly untilWatched?: boolean;
  /**
   * If given, the process has a web server with logs, whose token is next to the kubeconfig, and replays
   * `hud-ci.ndjson` instead of a run of its own: `unit` fails. It waits until this many clients read the log,
   * and at least one the Session, and cuts its connections 6 ms after the last message. The context is named
   * after the web port.
   */
  readonly logReaders?: number;
  /** Default: `/home/dev/shop/Tiltfile`. */
  readonly tiltfile?: string;
  /** Exit code. Default: 0 for `pass`, 1 otherwise. */
  readonly exitCode?: number;
}

/** A process that behaves like `tilt ci` or `tilt up`. */
export interface TiltCommand extends AsyncDisposable {
  /** Process id, also the `pid` of the Session. */
  readonly pid: number;
  /** Resolves with the exit code when the process has exited. */
  readonly exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Ends the run now, as if `livesMs` had elapsed. Call it only after the entry was added. */
  finish(): void;
}

/** Returns the command line of a fake `tilt`, for commands that start it, such as `publish -- …`. */
export function tiltCommandLine(options: TiltCommandOptions): [file: string, ...args: string[]] {
  bundle ??= bundleMain();
  return [process.execPath, bundle, JSON.stringify(options)];
}

// Built once per process.
let bundle: string | undefined;

/**
 * Bundles the entry point. The bundle starts three times as fast as with `tsx`, which matters for short
 * runs.
 */
function bundleMain(): string {
  const path = fileURLToPath(new URL('../../node_modules/.cache/tilt-command.mjs', import.meta.url));
  const entry = new URL('./tilt-command-main.ts', import.meta.url);
  const outfile = `${path}.${process.pid}.mjs`;
  buildSync({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    // Fixtures are next to the sources, not to the bundle.
    define: { 'import.meta.url': JSON.stringify(entry.href) },
    banner: {
      js: "import { createRequire as bundledRequire } from 'node:module'; const require = bundledRequire(import.meta.url);",
    },
  });
  // Atomically, because other test files build it too.
  renameSync(outfile, path);
  return path;
}

/**
 * Starts a fake `tilt` command: a process with its own API server, a Session with the process's pid and a
 * new uid, and an entry in the kubeconfig. At the end `tilt ci` reports `done`. About 10 ms later it
 * destroys its connections, removes its entry and exits (`recordings/ci-ok-watch.ndjson`).
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
