import type { CliProcess } from './cli-process.js';

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
