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

/** Listens for SIGINT, SIGTERM and SIGHUP. */
export function listenForInterruption(cli: CliProcess): Interruption {
  const controller = new AbortController();
  let exitCode: number | null = null;
  const stop = (signal: NodeJS.Signals) => {
    exitCode ??= 128 + constants.signals[signal];
    controller.abort();
  };
  for (const signal of SIGNALS) cli.on(signal, stop);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    end() {
      for (const signal of SIGNALS) cli.off(signal, stop);
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
