import { createClient } from '../../client/client.js';
import { systemClock } from '../../clock.js';
import type { CliProcess } from '../cli-process.js';
import { clientFailure } from '../client-failure.js';
import { clientOptionsOf } from '../client-options.js';
import { EXIT } from '../exit-code.js';
import { listenForInterruption } from '../interruption.js';
import { createAlerts } from './alerts.js';
import type { Display } from './display.js';
import { createExecQueue, type ExecQueue } from './exec-queue.js';
import { createShell } from './shell.js';
import type { WatchFlags } from './watch-options.js';

/**
 * Shows what the targets of a Session do, until it is told to end. Resolves with the exit code: 0 after `q` or when nobody reads
 * any more, 3 when the gateway refuses, 1 when it does not understand, and what a shell gives for a signal.
 */
export async function watch(flags: WatchFlags, cli: CliProcess): Promise<number> {
  const options = await clientOptionsOf(flags, cli.env);
  const interruption = listenForInterruption(cli);
  try {
    await follow(flags, cli, options, interruption.signal);
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    return clientFailure(error, cli.stderr);
  } finally {
    interruption.end();
  }
}

async function follow(
  { session, filter, output, exec }: WatchFlags,
  cli: CliProcess,
  options: Awaited<ReturnType<typeof clientOptionsOf>>,
  interrupted: AbortSignal,
): Promise<void> {
  const isScreen = output !== 'json' && cli.stdout.isTTY && cli.env.TERM !== 'dumb';
  const client = createClient(options);
  const display = await openDisplay(isScreen, cli, interrupted);
  const commands = exec === undefined ? null : commandsFor(exec, isScreen, display, cli);
  const alertsIn = createAlerts();
  try {
    const views = client.watchTargets({
      ...(session !== undefined && { session }),
      ...(filter && { where: filter }),
      history: 1,
      signal: AbortSignal.any([interrupted, display.closed]),
    });
    for await (const view of views) {
      for (const alert of commands ? alertsIn(view) : []) commands?.add(alert);
      await display.show(view);
    }
  } finally {
    commands?.close();
    client.close();
    display.close();
  }
}

/** What one of them needs is not loaded for the other. */
async function openDisplay(isScreen: boolean, cli: CliProcess, interrupted: AbortSignal): Promise<Display> {
  if (isScreen) return (await import('./table-display.js')).createTableDisplay(cli, systemClock);
  return (await import('./json-display.js')).createJsonDisplay(cli, systemClock, interrupted);
}

function commandsFor(command: string, isScreen: boolean, display: Display, { env }: CliProcess): ExecQueue {
  return createExecQueue({
    run: createShell({ command, env, output: isScreen ? 'nowhere' : 'stderr' }),
    onTrouble: (message) => display.notice(message),
  });
}
