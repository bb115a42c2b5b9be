import { InvalidArgumentError } from 'commander';
import type { ClientOptions } from '../client/client.js';
import { type FlagsOf, file, option, type ValuesOf } from './options.js';
import { readTextFile, UsageError } from './usage-error.js';

const DEFAULT_URL = 'http://127.0.0.1:4000/graphql';
const PATH = '/graphql';

/** Options of commands that ask a gateway. */
export const clientOptions = {
  url: option('-u, --url <url>', 'gateway to ask, may be repeated: the next is tried when one is lost', {
    parse: gatewayUrls,
    initial: [],
    shown: DEFAULT_URL,
    env: 'TILT_GRAPHQL_URL',
  }),
  tokenFile: file(
    '--token-file <path>',
    'file with the token to send (or TILT_GRAPHQL_TOKEN)',
    'TILT_GRAPHQL_TOKEN_FILE',
  ),
};

/** Options of commands that ask a gateway about one Session. */
export const askingOptions = {
  ...clientOptions,
  session: option(
    '-s, --session <id>',
    'id of the Session, <instance>/<name>; may be left out while exactly one is known',
    { parse: sessionId, completion: 'sessions', env: 'TILT_GRAPHQL_SESSION' },
  ),
};

/** Values of {@link askingOptions}. */
export type AskingFlags = ValuesOf<typeof askingOptions>;

/** Options of `mcp`. */
export const mcpOptions = { client: clientOptions };

/** Values of {@link mcpOptions}. */
export type McpFlags = FlagsOf<typeof mcpOptions>;

/** Values of {@link clientOptions}. */
export type ClientFlags = ValuesOf<typeof clientOptions>;

/** A variable that is not set, in a script, must not come to mean any Session. */
function sessionId(id: string): string {
  if (id !== '') return id;
  throw new InvalidArgumentError('Expected an id such as tilt-default/Tiltfile.');
}

/** Options of the client for these flags. Throws a UsageError for a token file that cannot be read or used. */
export async function clientOptionsOf(
  { url, tokenFile }: ClientFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ClientOptions> {
  const urls = url.length === 0 ? [DEFAULT_URL] : url.map(withoutToken);
  if (tokenFile !== undefined) return { urls, token: await followToken(tokenFile) };
  const token = env.TILT_GRAPHQL_TOKEN || url.map(tokenIn).find((found) => found !== null);
  return { urls, ...(token && { token: checked(token.trim(), 'the token') }) };
}

/** Addresses of gateways, separated by commas, added to those given before; the path may be left out. */
function gatewayUrls(list: string, given: readonly URL[]): readonly URL[] {
  const parts = list.split(',').map((part) => part.trim());
  return [...given, ...parts.filter((part) => part !== '').map(gatewayUrl)];
}

function gatewayUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
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

/** Token in a file, read again for each connection; while it cannot be read, the last one. */
async function followToken(path: string): Promise<() => Promise<string>> {
  let last = await readToken(path);
  return async () => {
    last = await readToken(path).catch(() => last);
    return last;
  };
}

async function readToken(path: string): Promise<string> {
  const where = `--token-file ${path}`;
  return checked((await readTextFile(path, where)).trim(), where);
}

function checked(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new UsageError(`${where}: expected one word of visible characters, got none or several`);
}
