import { createClient, type TargetsView } from '../../client/client.js';
import { systemClock } from '../../lib/clock.js';
import type { CliProcess } from '../cli-process.js';
import { clientOptionsOf } from '../client-options.js';
import { clientFailure, EXIT } from '../exit-code.js';
import { createMissingSessionNotice } from '../session-notices.js';
import { listenForInterruption } from '../signals.js';
import { createAlerts } from './alerts.js';
import type { Display } from './display.js';
import { createExecQueue, createShell, type ExecQueue } from './exec-queue.js';
import type { WatchFlags } from './watch-options.js';

/**
 * Shows what the targets of a Session do, until it is told to end. Resolves with the exit code: 0 after `q` or when nobody reads
 * any more, 3 when the gateway refuses, 1 when it does not understand, and what a shell gives for a signal.
 */
export async function watch(flags: WatchFlags, cli: CliProcess): Promise<number> {
  const options = await clientOptionsOf(flags.client, cli.env);
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
  { client: { session }, watch: { filter, output, exec, allChanges } }: WatchFlags,
  cli: CliProcess,
  options: Awaited<ReturnType<typeof clientOptionsOf>>,
  interrupted: AbortSignal,
): Promise<void> {
  const isScreen = output !== 'json' && cli.stdout.isTTY && cli.env.TERM !== 'dumb';
  const wanted = session ?? null;
  const client = createClient(options);
  const display = await openDisplay(isScreen, cli, { wanted, allChanges, interrupted });
  const signal = AbortSignal.any([interrupted, display.closed]);
  const notice = (message: string | null) => display.notice(message);
  const noticeMissing = createMissingSessionNotice({ wanted, sessions: client.sessions, notice, signal });
  const commands = exec === undefined ? null : commandsFor(exec, isScreen, display, cli);
  const openViews = () =>
    client.watchTargets({
      session,
      where: filter,
      signal,
    });
  try {
    let isDemoOver: boolean;
    do {
      const alert = commands && createAlerting(commands, wanted, notice);
      isDemoOver = false;
      let isDemo = false;
      for await (const view of openViews()) {
        alert?.(view);
        noticeMissing(view);
        await display.show(view);
        // The demonstration ends when a Tilt appears. A watch that was not asked for it goes on with that Tilt.
        isDemoOver = isDemo && wanted === null && view.session === null;
        if (isDemoOver) break;
        isDemo = view.session?.isDemo ?? isDemo;
      }
    } while (isDemoOver);
  } finally {
    commands?.close();
    client.close();
    display.close();
  }
}

/** Runs commands for what happens to the Session. A demonstration counts only where it was asked for by name. */
function createAlerting(commands: ExecQueue, wanted: string | null, notice: (message: string) => void) {
  const alertsIn = createAlerts();
  let isSilent = false;
  return (view: TargetsView): void => {
    if (view.session?.isDemo && wanted === null) {
      if (!isSilent)
        notice(`--exec does not run for the demonstration; name it to try: -s ${view.session.id}`);
      isSilent = true;
      return;
    }
    for (const alert of alertsIn(view)) commands.add(alert);
  };
}

/** What one of them needs is not loaded for the other. */
async function openDisplay(
  isScreen: boolean,
  cli: CliProcess,
  {
    wanted,
    ...options
  }: { readonly wanted: string | null; readonly allChanges: boolean; readonly interrupted: AbortSignal },
): Promise<Display> {
  if (isScreen) return (await import('./table-display.js')).createTableDisplay(cli, systemClock, wanted);
  return (await import('./json-display.js')).createJsonDisplay(cli, systemClock, options);
}

function commandsFor(command: string, isScreen: boolean, display: Display, { env }: CliProcess): ExecQueue {
  return createExecQueue({
    run: createShell({ command, env, output: isScreen ? 'nowhere' : 'stderr' }),
    onTrouble: (message) => display.notice(message),
  });
}
