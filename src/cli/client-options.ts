import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ClientOptions } from '../client/client.js';
import { UsageError } from './usage-error.js';

/** Which gateway a command asks, and how it lets itself in. */
export interface ClientFlags {
  readonly url: readonly URL[];
  readonly tokenFile?: string;
}

/** Which Session a command is about. */
export interface SessionFlags {
  readonly session?: string;
}

/** Adds the options about the gateway that is asked; each may also come from the environment. */
export function addClientOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-u, --url <url>', 'gateway to ask, may be repeated: the next is tried when one is lost')
        .default([], DEFAULT_URL)
        .env('TILT_GRAPHQL_URL')
        .argParser(gatewayUrls),
    )
    .addOption(
      new Option('--token-file <path>', 'file with the token to send (or TILT_GRAPHQL_TOKEN)').env(
        'TILT_GRAPHQL_TOKEN_FILE',
      ),
    );
}

/** Adds the option about the Session. */
export function addSessionOption(command: Command): Command {
  return command.addOption(
    new Option(
      '-s, --session <id>',
      'id of the Session, <instance>/<name>; may be left out while exactly one is known',
    )
      .env('TILT_GRAPHQL_SESSION')
      .argParser(sessionId),
  );
}

/** A variable that is not set, in a script, must not come to mean any Session. */
function sessionId(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Expected an id such as tilt-default/Tiltfile.');
}

/** What the client is told of them. Throws a UsageError where the token is missing or makes no sense. */
export async function clientOptionsOf(
  { url, tokenFile }: ClientFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientOptions> {
  const urls = url.length === 0 ? [DEFAULT_URL] : url.map(withoutToken);
  if (tokenFile !== undefined) return { urls, token: await followToken(tokenFile) };
  const token = env.TILT_GRAPHQL_TOKEN || url.map(tokenIn).find((found) => found !== null);
  return { urls, ...(token && { token: checked(token.trim(), 'the token') }) };
}

const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';
const PATH = '/graphql';

/** Addresses of gateways, apart by commas, added to those given before; the path may be left out. */
function gatewayUrls(text: string, given: readonly URL[] | undefined): readonly URL[] {
  const parts = text.split(',').map((part) => part.trim());
  return [...(given ?? []), ...parts.filter((part) => part !== '').map(gatewayUrl)];
}

function gatewayUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InvalidArgumentError('Expected an address such as http://127.0.0.1:4000.');
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError(
      'Expected no login in it; a token comes from --token-file or TILT_GRAPHQL_TOKEN.',
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')}${PATH}`;
  url.hash = '';
  return url;
}

/** The link that `serve` prints has its token in it. */
function tokenIn(url: URL): string | null {
  return url.searchParams.get('token');
}

function withoutToken(url: URL): string {
  const copy = new URL(url);
  copy.searchParams.delete('token');
  return copy.href;
}

/** The token of a file, read anew for each connection; while it cannot be read, the last one. */
async function followToken(path: string): Promise<() => Promise<string>> {
  let last = await readToken(path);
  return async () => {
    last = await readToken(path).catch(() => last);
    return last;
  };
}

async function readToken(path: string): Promise<string> {
  const where = `--token-file ${path}`;
  try {
    return checked((await readFile(path, 'utf8')).trim(), where);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new UsageError(`${where}: it cannot be read (${code})`);
  }
}

function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(`${where}: expected one word of visible characters, got none or several`);
}
