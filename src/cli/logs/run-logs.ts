import { type Client, createClient, type LogView } from '../../client/client.js';
import { systemClock, within } from '../../lib/clock.js';
import { type CliProcess, listenForInterruption } from '../cli-process.js';
import { EXIT, reportClientError, toClientOptions } from '../gateway-client.js';
import type { LogsFlags } from '../options/client.js';
import { createOutput, type Output } from '../output.js';
import { terminalText } from '../text.js';
import { createTextFormat, formatJson, type LogFormat, type PrintedLine } from './log-format.js';
import { describeMissingLog, describeUnknownResources, NoLogError, requireSession } from './missing-logs.js';

/**
 * Prints the last lines of the log of a Session and, with `--follow`, new ones until it is interrupted.
 * Resolves with the exit code: 0 when the lines were printed or the reader closed the output; 3 when there is
 * no log, no such resource, or no gateway; 1 for a GraphQL error; 128 plus the number of a signal.
 */
export async function runLogs(
  resources: readonly string[],
  flags: LogsFlags,
  cli: CliProcess,
): Promise<number> {
  const options = await toClientOptions(flags.client, cli.env);
  const interruption = listenForInterruption(cli);
  const output = createOutput(cli.stdout, interruption.signal);
  const client = createClient(options);
  const signal = AbortSignal.any([interruption.signal, output.gone]);
  const notice = createNotices(cli);
  try {
    await printLogs({ resources: [...new Set(resources)], flags, cli, client, output, notice, signal });
    return interruption.exitCode ?? EXIT.ok;
  } catch (error) {
    output.throwIfFailed();
    if (output.gone.aborted) return EXIT.ok;
    if (interruption.exitCode !== null) return interruption.exitCode;
    if (!(error instanceof NoLogError)) return reportClientError(error, cli.stderr);
    notice(error.message);
    return EXIT.unknown;
  } finally {
    client.close();
    output.end();
    interruption.end();
  }
}

/** Prints a line on standard error unless it equals the previous one. Null forgets the previous one. */
type Notice = (message: string | null) => void;

function createNotices({ stderr }: CliProcess): Notice {
  let last: string | null = null;
  return (message) => {
    if (message === last) return;
    last = message;
    if (message !== null) stderr.write(`tilt-graphql: ${terminalText(message)}\n`);
  };
}

interface PrintOptions {
  /** Names of resources; none for all. */
  readonly resources: readonly string[];
  readonly flags: LogsFlags;
  readonly cli: CliProcess;
  readonly client: Client;
  readonly output: Output;
  readonly notice: Notice;
  readonly signal: AbortSignal;
}

/** The log of one resource, or of all. */
interface LogReader {
  readonly resource: string | undefined;
  readonly views: AsyncIterator<LogView>;
}

async function printLogs(options: PrintOptions): Promise<void> {
  const { resources, flags, cli, client, output, notice, signal } = options;
  const { session, logs } = { session: flags.client.session, logs: flags.logs };
  const { level, last, follow } = logs;
  const readers = (resources.length === 0 ? [undefined] : resources).map((resource): LogReader => {
    const views = client.log({ session, resource, level, last, signal });
    return { resource, views: views[Symbol.asyncIterator]() };
  });
  const firsts = await Promise.all(readers.map(({ views }) => readFirst(views, options)));
  const [first] = firsts;
  if (first == null || signal.aborted) return;
  const id = first.session ?? '';
  const format = logs.output === 'json' ? formatJson : createFormat(resources, cli);
  await output.write(toText(firsts, format));
  const silent = resources.filter((_, index) => firsts[index]?.lines.length === 0);
  const unknown = await describeUnknownResources(client, id, silent, signal);
  if (unknown !== null && !follow) throw new NoLogError(unknown);
  if (unknown !== null) notice(unknown);
  if (!follow) return;
  const announce = createAnnouncement(id, options);
  await Promise.all(readers.map((reader) => followLog(reader, id, format, announce, options)));
}

function createFormat(resources: readonly string[], { stdout, env }: CliProcess): LogFormat {
  const isColored = stdout.isTTY && env.TERM !== 'dumb' && !env.NO_COLOR;
  return createTextFormat({ hasPrefix: resources.length !== 1, isColored });
}

/** Formats the first lines of all resources in the order of their times. */
function toText(views: readonly (LogView | null)[], format: LogFormat): string {
  const lines = views.flatMap((view) => (view === null ? [] : linesOf(view)));
  if (views.length > 1) lines.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return format(lines);
}

function linesOf({ session, lines }: LogView): PrintedLine[] {
  return lines.map((line) => ({ ...line, session }));
}

/**
 * Time for the log of a known Session to appear, in milliseconds: a gateway that has just started reads it
 * after the Session.
 */
const GRACE_MS = 1_000;

/**
 * Returns the first view with a log. Throws a {@link NoLogError} if the gateway has none or, without
 * `--follow`, if there is no Session. The log of a Session that was awaited is awaited too. Returns null when
 * aborted.
 */
async function readFirst(views: AsyncIterator<LogView>, options: PrintOptions): Promise<LogView | null> {
  const { client, flags, notice, signal } = options;
  const { follow } = flags.logs;
  let missing: string | null = null;
  let isAwaited = false;
  let pending = views.next();
  for (;;) {
    const next = missing === null ? await pending : await within(systemClock, GRACE_MS, pending);
    if (next === null) {
      if (!isAwaited) throw new NoLogError(missing ?? '');
      notice(missing);
      missing = null;
      continue;
    }
    if (next.done) return null;
    const { session, isAvailable, link } = next.value;
    if (isAvailable) return next.value;
    missing = null;
    if (link.state !== 'live') {
      if (link.isDown && !follow) throw new NoLogError(link.error ?? 'the gateway did not answer');
      if (follow) notice(`${link.error}; reconnecting`);
    } else if (session === null) {
      const wanted = flags.client.session ?? null;
      await requireSession(client, wanted, { isAwaited: follow, notice, signal });
      isAwaited = true;
    } else {
      missing = await describeMissingLog(client, session, signal);
    }
    pending = views.next();
  }
}

/** Reports that the next lines are those of another Session. */
type Announce = (session: string) => Promise<void>;

/** Creates an announcement that all readers share: each of them continues with the other Session. */
function createAnnouncement(first: string, { resources, client, notice, signal }: PrintOptions): Announce {
  let current = first;
  return async (session) => {
    if (session === current) return;
    current = session;
    notice(`the log is now that of ${session}`);
    const unknown = await describeUnknownResources(client, session, resources, signal);
    if (unknown !== null) notice(unknown);
  };
}

/**
 * Prints new lines until the reader is aborted.
 *
 * @param first id of the Session of the lines so far
 */
async function followLog(
  { resource, views }: LogReader,
  first: string,
  format: LogFormat,
  announce: Announce,
  { output, notice }: PrintOptions,
): Promise<void> {
  let current = first;
  for (;;) {
    const { value: view, done } = await views.next();
    if (done) return;
    const { session, link, isAvailable, lines, dropped, reset } = view;
    const which = `lines${resource === undefined ? '' : ` of ${resource}`}`;
    if (link.state === 'lost') notice(`${link.error}; reconnecting`);
    else if (isAvailable === false) notice('the log is no longer available; waiting for it');
    else notice(null);
    if (session !== null && session !== current) {
      current = session;
      await announce(session);
    } else if (reset && isAvailable) {
      notice(`${which} may be missing here, or a new log starts`);
    }
    if (dropped > 0) notice(`${dropped} ${which} are missing here`);
    if (lines.length > 0) await output.write(format(linesOf(view)));
  }
}
