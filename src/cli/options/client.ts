import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { DEFAULT_URL } from '../../client/endpoint.js';
import { filter } from '../watch/filter.js';
import { type FlagsOf, file, flag, notEmpty, oneOf, option, text, type ValuesOf } from './option.js';
import { durationMs } from './units.js';
import { between, condition, logLevel, pid, time } from './values.js';

/** Options of commands that query a gateway. */
export const clientOptions = {
  url: option('-u, --url <url>', 'URL of the gateway, may be repeated: the client fails over to the next', {
    parse: gatewayUrls,
    isRepeatable: true,
    initial: [],
    shown: DEFAULT_URL,
    env: 'TILT_GRAPHQL_URL',
  }),
  tokenFile: file(
    '--token-file <path>',
    'file with the bearer token to send (or set TILT_GRAPHQL_TOKEN)',
    'TILT_GRAPHQL_TOKEN_FILE',
  ),
};

/** Values of {@link clientOptions}. */
export type ClientFlags = ValuesOf<typeof clientOptions>;

/** Options of commands about one Session. */
export const sessionOptions = {
  ...clientOptions,
  session: sessionOption('while exactly one is LIVE or STALE, or exactly one is known'),
};

/** @param omissible when the id may be omitted */
function sessionOption(omissible: string) {
  return option('-s, --session <id>', `id of the Session, <instance>/<name>; may be omitted ${omissible}`, {
    parse: notEmpty('an id such as tilt-default/Tiltfile'),
    completion: 'sessions',
    env: 'TILT_GRAPHQL_SESSION',
  });
}

/** Values of {@link sessionOptions}. */
export type SessionFlags = ValuesOf<typeof sessionOptions>;

/** Options of `query`. */
export const queryOptions = {
  client: clientOptions,
  query: {
    file: file('-f, --file <path>', 'file with the document; - for standard input'),
    variables: text('--variables <json>', 'variables as a JSON object, or @FILE to read them from a file'),
    operation: text('--operation <name>', 'operation to run, when the document has several'),
    watch: flag('-w, --watch', 'print changes as they arrive: run a query of session as a subscription'),
    output: option(
      '-o, --output <format>',
      'output format (default: json, or template with --template)',
      oneOf(['json', 'table', 'template']),
    ),
    template: text(
      '--template <text>',
      'Mustache template, such as {{session.verdict.state}}; lists as {{#a}}…{{/a}}',
    ),
  },
};

/** Values of {@link queryOptions}. */
export type QueryFlags = FlagsOf<typeof queryOptions>;

/** Options of `watch`. */
export const watchOptions = {
  client: sessionOptions,
  watch: {
    filter: option(
      '-f, --filter <filter>',
      'show only matching targets, may be repeated: part of a name or a glob such as api:*, phase=FAILED,WAITING, type=SERVER, resource=api, label=backend',
      { parse: filter, isRepeatable: true, completion: 'filters' },
    ),
    output: option(
      '-o, --output <format>',
      'live table, which needs a terminal, or one JSON line for each change of a phase, the verdict or a connection (default: table on a terminal, json otherwise)',
      oneOf(['table', 'json']),
    ),
    allChanges: flag(
      '--all-changes',
      'print a JSON line for changes within a phase too, such as another wait reason',
    ),
    exec: text(
      '--exec <command>',
      'run a shell command when the verdict changes or a target fails; TILT_GRAPHQL_EVENT names the event',
    ),
  },
};

/** Values of {@link watchOptions}. */
export type WatchFlags = FlagsOf<typeof watchOptions>;

/** Options of `logs`. */
export const logsOptions = {
  client: sessionOptions,
  logs: {
    follow: flag('-f, --follow', 'print new lines as they arrive'),
    last: option('-n, --last <number>', 'number of earlier lines to print, of each named resource', {
      parse: between(0, 1_000),
      initial: 100,
    }),
    level: option('--level <level>', 'lowest level of the lines, such as warn', logLevel),
    output: option('-o, --output <format>', 'output format', { ...oneOf(['text', 'json']), initial: 'text' }),
  },
};

/** Values of {@link logsOptions}. */
export type LogsFlags = FlagsOf<typeof logsOptions>;

/** Options of `wait`. Those in `run` and `timeLimits` have the names in `WaitOptions`. */
export const waitOptions = {
  client: {
    ...clientOptions,
    session: sessionOption(
      'while exactly one is LIVE or STALE; if none is, the next one counts, or one that ended within --max-age',
    ),
  },
  condition: {
    for: option('-f, --for <condition>', 'condition to wait for: ready, done, or target:NAME=PHASE', {
      parse: condition,
      initial: 'ready',
      completion: 'conditions',
    }),
  },
  run: {
    pid: option('--pid <pid>', 'accept only the run with this process id, even if it has ended', {
      parse: pid,
    }),
    tiltfile: option('--tiltfile <path>', 'accept only a run of this Tiltfile', {
      parse: (path) => resolve(notEmpty('the path of a Tiltfile')(path)),
      completion: 'files',
    }),
    startedAfter: option(
      '--started-after <time>',
      'accept only a run that started at this time or later (RFC 3339), even if it has ended',
      { parse: time },
    ),
  },
  timeLimits: {
    timeoutMs: option('--timeout <duration>', 'maximum time to wait, such as 90s, 10m or 1h', {
      parse: durationMs,
      initial: 600_000,
      shown: '10m',
      env: 'TILT_GRAPHQL_TIMEOUT',
    }),
    maxAgeMs: option(
      '--max-age <duration>',
      'maximum time without current data or without a run, and maximum age of a run that ended before the wait',
      { parse: durationMs, initial: 10_000, shown: '10s', env: 'TILT_GRAPHQL_MAX_AGE' },
    ),
  },
  report: {
    junit: file('--junit <file>', 'write a JUnit report with one test case per target'),
    verbose: flag(
      '-v, --verbose',
      'report every change on standard error, and print errors and the known lines of logs in full',
    ),
  },
};

/** Values of {@link waitOptions}. */
export type WaitFlags = FlagsOf<typeof waitOptions>;

/** Options of `mcp`. */
export const mcpOptions = { client: clientOptions };

/** Values of {@link mcpOptions}. */
export type McpFlags = FlagsOf<typeof mcpOptions>;

/**
 * Parses URLs of gateways, separated by commas, and appends them. The path `/graphql` may be omitted. Rejects
 * a list without a URL: an unset variable in a script must not select the default gateway.
 */
export function gatewayUrls(list: string, previous: readonly URL[]): readonly URL[] {
  const parts = list.split(',').map((part) => part.trim());
  const urls = parts.filter((part) => part !== '').map(gatewayUrl);
  if (urls.length === 0) throw new InvalidArgumentError(EXPECTED_URL);
  return [...previous, ...urls];
}

const EXPECTED_URL = 'Expected a URL such as http://127.0.0.1:4000.';

function gatewayUrl(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw new InvalidArgumentError(EXPECTED_URL);
  }
  if (url.username !== '' || url.password !== '') {
    throw new InvalidArgumentError(
      'Expected a URL without a user name or password; pass a token with --token-file or TILT_GRAPHQL_TOKEN.',
    );
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/graphql$/, '')}/graphql`;
  url.hash = '';
  return url;
}
