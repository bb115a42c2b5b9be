import { InvalidArgumentError } from 'commander';
import {
  type Client,
  ClientError,
  type ClientOptions,
  type SessionFields,
  type TargetsView,
} from '../client/client.js';
import { DEFAULT_URL } from '../client/endpoint.js';
import { compareNaturally } from '../lib/natural-order.js';
import { type ClientFlags, gatewayUrls } from './options/client.js';
import { terminalText } from './text.js';
import { readTextFile, UsageError } from './usage-error.js';

// Shared by the commands that query a gateway: client options, exit codes, notices about Sessions.

/** Exit codes of commands that query a gateway. */
export const EXIT = {
  ok: 0,
  /** Negative result: the condition failed, or GraphQL rejected the document. */
  failed: 1,
  /** Invalid command line, including a condition that can never hold: `wait --for done` on a `tilt up`. */
  usage: 2,
  /** No result: the gateway cannot be reached or does not know. */
  unknown: 3,
  /** Timeout; the code of `timeout(1)`. */
  timeout: 124,
} as const;

/**
 * Writes one line per error of a gateway, and returns the exit code: 1 when GraphQL rejected the document, 3
 * when the gateway could not be queried. Rethrows any other error.
 */
export function reportClientError(error: unknown, stderr: Pick<NodeJS.WriteStream, 'write'>): number {
  if (!(error instanceof ClientError)) throw error;
  const messages = error.errors?.map(({ message }) => message) ?? [];
  for (const message of messages.length > 0 ? messages : [error.message]) {
    stderr.write(`tilt-graphql: ${terminalText(message)}\n`);
  }
  return error.code === 'GRAPHQL' ? EXIT.failed : EXIT.unknown;
}

/**
 * Creates the client options for these flags. A token of the command line, in a file or in a link, takes
 * precedence over those of the environment: they may be meant for another gateway. Throws a
 * {@link UsageError} for an unusable token or token file, and for a token of one link that the gateways of
 * the others would receive too.
 */
export async function toClientOptions(
  { url, tokenFile }: ClientFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientOptions> {
  const urls = url.length === 0 ? [DEFAULT_URL] : url.map(withoutToken);
  const inLink = url.map(tokenIn).find((found) => found !== null);
  const given = isFromEnvironment(url, env) ? undefined : inLink;
  const isFileGiven = tokenFile !== env.TILT_GRAPHQL_TOKEN_FILE;
  if (tokenFile !== undefined && (isFileGiven || !given))
    return { urls, token: await followToken(tokenFile) };
  const isInLink = Boolean(given) || !env.TILT_GRAPHQL_TOKEN;
  if (isInLink) checkLinks(url);
  const token = isInLink ? inLink : env.TILT_GRAPHQL_TOKEN;
  return { urls, ...(token && { token: checkToken(token.trim(), 'the token') }) };
}

/** Throws a {@link UsageError} unless all links have the same token, or none has one. */
function checkLinks(urls: readonly URL[]): void {
  if (new Set(urls.map(tokenIn)).size <= 1) return;
  throw new UsageError(
    '--url: expected the same token in every link, since all gateways receive it; several gateways can share one token with --token-file',
  );
}

/** Whether the URLs equal those of the environment variable, which is read if the command line has none. */
function isFromEnvironment(
  urls: readonly URL[],
  { TILT_GRAPHQL_URL: list = '' }: Readonly<Record<string, string | undefined>>,
): boolean {
  try {
    return String(gatewayUrls(list, [])) === String(urls);
  } catch (error) {
    if (error instanceof InvalidArgumentError) return false;
    throw error;
  }
}

/** Token in a link. A token has no spaces: a space is a `+` that the link does not encode. */
function tokenIn(url: URL): string | null {
  return url.searchParams.get('token')?.replaceAll(' ', '+') ?? null;
}

function withoutToken(url: URL): string {
  const copy = new URL(url);
  copy.searchParams.delete('token');
  return copy.href;
}

/** Reads a token file again for each connection. While the file cannot be read, the last token stays. */
async function followToken(path: string): Promise<() => Promise<string>> {
  let last = await readToken(path);
  return async () => {
    last = await readToken(path).catch(() => last);
    return last;
  };
}

async function readToken(path: string): Promise<string> {
  const where = `--token-file ${path}`;
  return checkToken((await readTextFile(path, where)).trim(), where);
}

function checkToken(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(`${where}: expected one word of printable ASCII characters`);
}

/** Dependencies of {@link createMissingSessionNotice}. */
export interface MissingSessionOptions {
  /** Id of the Session that was requested; null when none was. */
  readonly wanted: string | null;
  readonly sessions: Client['sessions'];
  /** Shows one line; null removes it. */
  readonly notice: (message: string | null) => void;
  readonly signal: AbortSignal;
}

/**
 * Reports once that the Session of a watch does not exist, together with the Sessions that do. Removes the
 * report when the Session appears. Reports nothing before the gateway has answered.
 */
export function createMissingSessionNotice({ wanted, sessions, notice, signal }: MissingSessionOptions) {
  let isReported = false;

  return (view: TargetsView): void => {
    if (view.session !== null) {
      if (isReported) notice(null);
      isReported = false;
    } else if (!isReported && view.cursor !== null && view.link.state === 'live') {
      isReported = true;
      void report();
    }
  };

  async function report(): Promise<void> {
    // Without the list, the line still reports the missing Session.
    const known = await sessions({ signal }).catch(() => null);
    if (isReported && !signal.aborted) notice(describeMissingSession(wanted, known, true));
  }
}

/**
 * Describes in one line that a Session does not exist, together with the Sessions that do.
 *
 * @param wanted its id; null for any Session
 * @param known null if the gateway did not answer
 * @param isAwaited whether the command waits for it
 */
export function describeMissingSession(
  wanted: string | null,
  known: readonly SessionFields[] | null,
  isAwaited: boolean,
): string {
  const [anyone, named] = isAwaited
    ? ['no Session is known, waiting for one', 'not found, waiting for it']
    : ['no Session is known', 'not found'];
  const missing = wanted === null ? anyone : `Session ${terminalText(wanted)} ${named}`;
  if (known === null || (wanted === null && known.length === 0)) return missing;
  if (known.length === 0) return `${missing}; no Session is known`;
  const listed = sortByState(known).slice(0, MAX_LISTED).map(describe).join(', ');
  const more = known.length > MAX_LISTED ? ` and ${known.length - MAX_LISTED} more` : '';
  return `${missing}; known: ${listed}${more}`;
}

const MAX_LISTED = 10;
const ORDER: readonly SessionFields['connection']['state'][] = ['LIVE', 'STALE', 'GONE'];

/** Running Tilts first, then failed Sessions, then by id. */
function sortByState(sessions: readonly SessionFields[]): SessionFields[] {
  const rank = ({ connection, verdict }: SessionFields) =>
    2 * ORDER.indexOf(connection.state) + (verdict.state === 'FAILED' ? 0 : 1);
  return [...sessions].sort((a, b) => rank(a) - rank(b) || compareNaturally(a.id, b.id));
}

function describe({ id, connection, verdict, isDemo }: SessionFields): string {
  const failed = verdict.state === 'FAILED' ? ', FAILED' : '';
  return `${terminalText(id)} (${isDemo ? 'demo' : connection.state}${failed})`;
}
