import type { CliProcess } from './cli-process.js';

/** Resolves when the process is asked to end. */
export function stopSignal(cli: CliProcess): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      cli.off('SIGTERM', stop);
      cli.off('SIGINT', stop);
      resolve();
    };
    cli.on('SIGTERM', stop);
    cli.on('SIGINT', stop);
  });
}
