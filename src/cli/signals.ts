import { constants } from 'node:os';
import type { CliProcess } from './cli-process.js';

/** Signals that ask a command to end before its time. */
export interface Interruption {
  /** Aborts at the first of them. */
  readonly signal: AbortSignal;
  /** The exit code that a shell gives for it, 128 and its number; null while none came. */
  readonly exitCode: number | null;
  /** Listens no more. */
  end(): void;
}

/**
 * Listens for the first SIGINT, SIGTERM or SIGHUP. A second one has its default effect: it ends the process at once, also
 * when the command's clean-up takes its time.
 */
export function listenForInterruption(cli: CliProcess): Interruption {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const stop = (signal: NodeJS.Signals) => {
    end();
    exitCode = 128 + constants.signals[signal];
    controller.abort();
  };
  for (const signal of SIGNALS) cli.on(signal, stop);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    end,
  };

  function end(): void {
    for (const signal of SIGNALS) cli.off(signal, stop);
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves with an exit code when the process is asked to end: 0 for SIGTERM, which is how a service is stopped, and 130 for
 * Ctrl-C. A second signal has its default effect: it ends the process at once.
 */
export function stopSignal(cli: CliProcess): Promise<number> {
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals) => {
      cli.off('SIGTERM', stop);
      cli.off('SIGINT', stop);
      resolve(signal === 'SIGINT' ? 130 : 0);
    };
    cli.on('SIGTERM', stop);
    cli.on('SIGINT', stop);
  });
}
