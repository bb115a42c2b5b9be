import { constants, homedir } from 'node:os';

/** The parts of `process` that commands use. Tests pass a replacement. */
export type CliProcess = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr' | 'env' | 'on' | 'off'>;

/**
 * The user's home directory. `/` for a user without one: `HOME` is not set and the system does not know the
 * user id, as in a container that runs under an arbitrary user id. Tilt stores nothing there.
 */
export function homeDirectory(): string {
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

/** Signals that interrupt a command. */
export interface Interruption {
  /** Aborts at the first signal. */
  readonly signal: AbortSignal;
  /** Exit code of a shell for the signal: 128 plus its number. Null before the first signal. */
  readonly exitCode: number | null;
  /** Removes the signal handlers. */
  end(): void;
}

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Handles the first SIGINT, SIGTERM or SIGHUP. A second signal has its default effect and ends the process
 * at once, even during a slow clean-up.
 */
export function listenForInterruption(cli: CliProcess): Interruption {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const end = onFirstSignal(cli, INTERRUPTS, (signal) => {
    exitCode = 128 + constants.signals[signal];
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

/**
 * Resolves with an exit code at the first signal: 0 for SIGTERM, which stops a service, and 130 for SIGINT
 * (Ctrl-C). A second signal has its default effect and ends the process at once.
 */
export function stopSignal(cli: CliProcess): Promise<number> {
  return new Promise((resolve) => {
    onFirstSignal(cli, ['SIGTERM', 'SIGINT'], (signal) => resolve(signal === 'SIGINT' ? 130 : 0));
  });
}

/** Calls `handle` for the first of these signals. Returns a function that removes the handlers. */
function onFirstSignal(
  cli: CliProcess,
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
