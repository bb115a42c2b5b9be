import {
  type Client,
  ClientError,
  type ClientOptions,
  createClient,
  type TargetsView,
} from '../../client/client.js';
import { systemClock } from '../../lib/clock.js';
import { type CliProcess, listenForInterruption } from '../cli-process.js';
import { createMissingSessionNotice, EXIT, reportClientError, toClientOptions } from '../gateway-client.js';
import type { WatchFlags } from '../options/client.js';
import { UsageError } from '../usage-error.js';
import { createAlerts } from './alerts.js';
import { createExecQueue, createShell, type ExecQueue } from './exec.js';
import type { Display } from './json-display.js';
import { createAlertCommand } from './run-alert.js';
import type { TableDisplay } from './table-display.js';
import type { FollowLog } from './target-log.js';

/**
 * Shows what the targets of a Session do until it is interrupted. Resolves with the exit code: 0 after `q`
 * or when the reader closes the output, 3 when the gateway rejects the request, 1 for a GraphQL error, 128
 * plus the number of a signal. Rejects with a {@link UsageError} for a table without a terminal.
 */
export async function runWatch(flags: WatchFlags, cli: CliProcess): Promise<number> {
  if (flags.watch.output === 'table' && !canShowScreen(cli)) {
    throw new UsageError('--output table needs a terminal; use --output json');
  }
  const options = await toClientOptions(flags.client, cli.env);
  const interruption = listenForInterruption(cli);
  try {
    await follow(flags, cli, options, interruption.signal);
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    return reportClientError(error, cli.stderr);
  } finally {
    interruption.end();
  }
}

/** Whether standard output is a terminal that can show a live table. */
function canShowScreen({ stdout, env }: CliProcess): boolean {
  return stdout.isTTY && env.TERM !== 'dumb';
}

async function follow(
  { client: { session }, watch: { filter, output, exec, allChanges } }: WatchFlags,
  cli: CliProcess,
  options: ClientOptions,
  interrupted: AbortSignal,
): Promise<void> {
  const isScreen = output !== 'json' && canShowScreen(cli);
  const wanted = session ?? null;
  const client = createClient(options);
  const { display, table } = await openDisplay(isScreen, cli, client, { wanted, allChanges, interrupted });
  const signal = AbortSignal.any([interrupted, display.closed]);
  const notice = (message: string | null) => display.notice(message);
  const noticeMissing = createMissingSessionNotice({ wanted, sessions: client.sessions, notice, signal });
  const followResources = table && createResourcesFollower(client, table, signal);
  const execQueue = exec === undefined ? null : createShellQueue(exec, client, isScreen, display, cli);
  try {
    const runAlerts = execQueue && createAlertRunner(execQueue, wanted, notice);
    for await (const view of client.watchTargets({ session, where: filter, signal })) {
      runAlerts?.(view);
      noticeMissing(view);
      followResources?.(view);
      await display.show(view);
    }
  } finally {
    execQueue?.close();
    client.close();
    display.close();
  }
}

/** Runs commands for the alerts of a Session. Ignores the demo unless `--session` names it. */
function createAlertRunner(execQueue: ExecQueue, wanted: string | null, notice: (message: string) => void) {
  const findAlerts = createAlerts();
  let isDemoNoted = false;
  return (view: TargetsView): void => {
    if (view.session?.isDemo && wanted === null) {
      if (!isDemoNoted) notice(`--exec does not run for the demo; to try it, pass -s ${view.session.id}`);
      isDemoNoted = true;
      return;
    }
    for (const alert of findAlerts(view)) execQueue.add(alert);
  };
}

/** Creates a function that follows the resources of the Session in the newest view and shows them. */
function createResourcesFollower(client: Client, table: TableDisplay, signal: AbortSignal) {
  let followed: string | null = null;
  let stop = new AbortController();
  return ({ session }: TargetsView): void => {
    if (session === null || session.id === followed) return;
    followed = session.id;
    stop.abort();
    stop = new AbortController();
    void showResources(session.id, AbortSignal.any([signal, stop.signal]));
  };

  async function showResources(session: string, until: AbortSignal): Promise<void> {
    try {
      for await (const { resources } of client.watchResources({ session, signal: until })) {
        table.showResources(resources);
      }
    } catch (error) {
      // The watch of the targets reports errors of the gateway. The table does not need the resources.
      if (!(error instanceof ClientError)) throw error;
    }
  }
}

/** Loads only the display that is used. `table` is the display if it is a table. */
async function openDisplay(
  isScreen: boolean,
  cli: CliProcess,
  client: Client,
  {
    wanted,
    ...options
  }: { readonly wanted: string | null; readonly allChanges: boolean; readonly interrupted: AbortSignal },
): Promise<{ readonly display: Display; readonly table: TableDisplay | null }> {
  if (!isScreen) {
    const { createJsonDisplay } = await import('./json-display.js');
    return { display: createJsonDisplay(cli, systemClock, options), table: null };
  }
  const [{ createTableDisplay }, { followTargetLog }] = await Promise.all([
    import('./table-display.js'),
    import('./target-log.js'),
  ]);
  const followLog: FollowLog = (...options) => followTargetLog(client, ...options);
  const table = createTableDisplay(cli, systemClock, { wanted, followLog });
  return { display: table, table };
}

function createShellQueue(
  command: string,
  client: Client,
  isScreen: boolean,
  display: Display,
  { env }: CliProcess,
): ExecQueue {
  const run = createShell({ command, env, output: isScreen ? 'ignore' : 'stderr' });
  return createExecQueue({
    run: createAlertCommand({ client, clock: systemClock, run }),
    onError: (message) => display.notice(message),
  });
}
