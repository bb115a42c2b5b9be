import { constants, homedir } from 'node:os';

/** The parts of `process` that commands use. Tests pass a replacement. */
export type CliProcess = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'off'>;

/**
 * The user's home directory, found as Tilt finds it (`mitchellh/go-homedir`): on Windows by `HOME`, which
 * Node.js ignores there, then `USERPROFILE`, then `HOMEDRIVE` and `HOMEPATH`. Default: `/`, where no files of
 * Tilt exist. It applies when `HOME` is not set and the system does not know the user id, as in a container
 * that runs under an arbitrary user id.
 */
export function homeDirectory(env: CliProcess['env'], platform = process.platform): string {
  if (platform === 'win32') {
    const { HOME, USERPROFILE, HOMEDRIVE, HOMEPATH } = env;
    const home = HOME || USERPROFILE || (HOMEDRIVE && HOMEPATH && HOMEDRIVE + HOMEPATH);
    if (home) return home;
  }
  try {
    return homedir();
  } catch {
    return '/';
  }
}

/** Size of a terminal in characters. Both numbers are at least 1. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/**
 * Size that a terminal reports. A terminal that reports none or 0, as under `script` and in CI, has the size
 * in `COLUMNS` and `LINES`, or 80 × 24.
 */
export function terminalSize({ columns, rows }: Partial<TerminalSize>, env: CliProcess['env']): TerminalSize {
  return {
    columns: [columns, Number(env.COLUMNS)].find(isSize) ?? 80,
    rows: [rows, Number(env.LINES)].find(isSize) ?? 24,
  };
}

function isSize(size: number | undefined): size is number {
  return size !== undefined && Number.isInteger(size) && size > 0;
}

/** The part of `process` that receives signals. */
export interface SignalSource {
  on(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => void): unknown;
  off(signal: NodeJS.Signals, handler: (signal: NodeJS.Signals) => void): unknown;
}

/** Signals that interrupt a command. */
export interface Interruption {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of a shell for the signal: 128 plus its number. Null before the first signal. */
  readonly exitCode: number | null;
  /** Removes the signal handlers. */
  end(): void;
}

const INTERRUPTS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals that only Windows has: Ctrl-Break. */
export const WINDOWS_SIGNALS: readonly NodeJS.Signals[] = ['SIGBREAK'];

/**
 * Handles the first SIGINT, SIGTERM or SIGHUP, and on Windows SIGBREAK. A second signal has its default
 * effect and ends the process at once, even during a slow clean-up.
 */
export function listenForInterruption(cli: SignalSource, platform = process.platform): Interruption {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const signals = platform === 'win32' ? [...INTERRUPTS, ...WINDOWS_SIGNALS] : INTERRUPTS;
  const end = onFirstSignal(cli, signals, (signal) => {
    // Ctrl-Break has the exit code of Ctrl-C: on other systems, the number of SIGBREAK means another signal.
    exitCode = 128 + constants.signals[signal === 'SIGBREAK' ? 'SIGINT' : signal];
    controller.abort();
  });
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    end,
  };
}

/** Uncaught exceptions of the process. They do not end it while they are handled. */
export interface CrashHandler {
  /** Rejects with the first uncaught exception. */
  readonly crash: Promise<never>;
  /** Removes the handler. */
  end(): void;
}

/** Handles uncaught exceptions, for a command whose exit codes differ from that of Node.js, 1. */
export function handleCrashes(cli: Pick<CliProcess, 'on' | 'off'>): CrashHandler {
  let onError = (_: Error) => {};
  const crash = new Promise<never>((_, reject) => {
    onError = reject;
  });
  // The process may end without a crash, or crash after the last reader has left.
  crash.catch(() => {});
  cli.on('uncaughtException', onError);
  return { crash, end: () => void cli.off('uncaughtException', onError) };
}

/**
 * Resolves with an exit code at the first signal. A second signal has its default effect and ends the process
 * at once.
 *
 * - SIGTERM: 0. It stops a service.
 * - SIGINT (Ctrl-C): 130.
 * - SIGBREAK (Ctrl-Break), on Windows only: 130.
 * - SIGHUP, on Windows only: 0. The console window was closed, and Windows ends the process some seconds
 *   later.
 */
export function stopSignal(cli: SignalSource, platform = process.platform): Promise<number> {
  const windows: readonly NodeJS.Signals[] = platform === 'win32' ? [...WINDOWS_SIGNALS, 'SIGHUP'] : [];
  return new Promise((resolve) => {
    onFirstSignal(cli, ['SIGTERM', 'SIGINT', ...windows], (signal) =>
      resolve(signal === 'SIGINT' || signal === 'SIGBREAK' ? 130 : 0),
    );
  });
}

/** Calls `handle` for the first of these signals. Returns a function that removes the handlers. */
function onFirstSignal(
  cli: SignalSource,
  signals: readonly NodeJS.Signals[],
  handle: (signal: NodeJS.Signals) => void,
): () => void {
  const stop = () => {
    for (const signal of signals) cli.off(signal, onSignal);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    stop();
    handle(signal);
  };
  for (const signal of signals) cli.on(signal, onSignal);
  return stop;
}
