import { DEFAULT_CLAIM, DEFAULT_LEEWAY_MS } from '../server/access/access.js';
import { DEFAULT_LIMITS } from '../server/limits.js';
import {
  append,
  bytes,
  durationMs,
  host,
  hosts,
  httpUrl,
  limit,
  origins,
  pathPrefix,
  port,
  proxies,
} from './option-values.js';
import { type FlagsOf, file, flag, option, text } from './options.js';
import { bucketOptions, credentialOptions, logOptions } from './shared-options.js';
import { SOURCE_FORMS } from './source-spec.js';

/** Options of `serve`. What the gateway itself knows is named as in `GatewayOptions` and `JwtOptions`. */
export const serveOptions = {
  access: {
    host: option('--host <address>', 'address to listen on; beyond this machine a token is asked for', {
      parse: host,
      initial: '127.0.0.1',
      env: 'TILT_GRAPHQL_HOST',
    }),
    allowHosts: option(
      '--allow-host <name>',
      'name it may be called by, beside localhost and addresses; may be repeated',
      { parse: hosts, initial: [], shown: 'none', env: 'TILT_GRAPHQL_ALLOW_HOST' },
    ),
    allowOrigins: option(
      '--allow-origin <origin>',
      'origin of pages that may ask it, beside its own; may be repeated',
      { parse: origins, initial: [], shown: 'none', env: 'TILT_GRAPHQL_ALLOW_ORIGIN' },
    ),
    tokenFile: file(
      '--token-file <path>',
      'file with the token that clients have to send (or in TILT_GRAPHQL_TOKEN itself)',
      'TILT_GRAPHQL_TOKEN_FILE',
    ),
  },
  jwt: {
    jwks: option('--jwks <url>', 'keys of an identity provider whose tokens let in', {
      parse: httpUrl,
      env: 'TILT_GRAPHQL_JWKS',
    }),
    issuer: text('--jwt-issuer <text>', 'whom those tokens must be from (iss)', 'TILT_GRAPHQL_JWT_ISSUER'),
    audience: text('--jwt-audience <text>', 'whom they must be for (aud)', 'TILT_GRAPHQL_JWT_AUDIENCE'),
    claim: option('--jwt-claim <name>', 'claim with the globs of instances that may be seen', {
      parse: (name) => name,
      initial: DEFAULT_CLAIM,
      env: 'TILT_GRAPHQL_JWT_CLAIM',
    }),
    leewayMs: option(
      '--jwt-leeway <duration>',
      'how far the clocks of the identity provider and this machine may differ (exp, nbf)',
      { parse: durationMs, initial: DEFAULT_LEEWAY_MS, shown: '30s', env: 'TILT_GRAPHQL_JWT_LEEWAY' },
    ),
  },
  serving: {
    tlsCert: file(
      '--tls-cert <path>',
      'certificate with its chain, PEM; read anew when it changes',
      'TILT_GRAPHQL_TLS_CERT',
    ),
    tlsKey: file('--tls-key <path>', 'its key, PEM', 'TILT_GRAPHQL_TLS_KEY'),
    pathPrefix: option('--path-prefix <path>', 'what every path begins with, such as /tilt', {
      parse: pathPrefix,
      initial: '',
      shown: 'nothing',
      env: 'TILT_GRAPHQL_PATH_PREFIX',
    }),
    parseTrustedProxies: option(
      '--trust-proxy <address>',
      'proxy or network of them whose X-Forwarded-* is believed; may be repeated',
      { parse: proxies, initial: [], shown: 'none', env: 'TILT_GRAPHQL_TRUST_PROXY' },
    ),
    limits: option('--limit <name=number>', `may be repeated: ${Object.keys(DEFAULT_LIMITS).join(', ')}`, {
      parse: limit,
      initial: {},
      shown: 'see docs/limits.md',
      env: 'TILT_GRAPHQL_LIMIT',
    }),
    documentsFile: file(
      '--documents <path>',
      'manifest of the only documents that are answered',
      'TILT_GRAPHQL_DOCUMENTS',
    ),
    introspection: flag('--no-introspection', 'do not tell the schema', 'TILT_GRAPHQL_NO_INTROSPECTION'),
    federation: flag('--federation', 'can be a subgraph of Apollo Federation 2', 'TILT_GRAPHQL_FEDERATION'),
    graphiql: flag('--no-graphiql', 'do not serve GraphiQL', 'TILT_GRAPHQL_NO_GRAPHIQL'),
    dashboard: flag('--no-dashboard', 'do not serve the dashboard', 'TILT_GRAPHQL_NO_DASHBOARD'),
    queryCacheBytes: option(
      '--query-cache <size>',
      'how much answers that are kept may take, such as 0 (none), 500k, 32M',
      { parse: bytes, initial: 32 * 2 ** 20, shown: '32M', env: 'TILT_GRAPHQL_QUERY_CACHE' },
    ),
  },
  credentials: credentialOptions,
  bucket: bucketOptions,
  log: logOptions,
  listen: {
    port: option('-p, --port <number>', 'port to listen on; 0 takes a free one', {
      parse: port,
      initial: 4000,
      env: 'TILT_GRAPHQL_PORT',
    }),
  },
  sources: {
    source: option('-s, --source <spec>', `where to read Sessions from, may be repeated: ${SOURCE_FORMS}`, {
      parse: append,
      initial: [],
      shown: 'every Tilt of this machine; while there is none, the demo',
      completion: 'files',
      env: 'TILT_GRAPHQL_SOURCE',
    }),
    kubeconfig: file(
      '--kubeconfig <path>',
      "kubeconfig that Tilts or other API servers stand in (default: Tilt's own)",
      'TILT_GRAPHQL_KUBECONFIG',
    ),
    context: option(
      '--context <name>',
      'read this context of the kubeconfig, may be repeated: as --source tilt:NAME',
      { parse: append, initial: [], shown: 'those named tilt-*' },
    ),
  },
  retention: {
    retainMs: option(
      '--retain <duration>',
      'how long a Session stays readable once its Tilt has left, such as 90s, 10m, 1h, 7d',
      { parse: durationMs, initial: 3_600_000, shown: '1h', env: 'TILT_GRAPHQL_RETAIN' },
    ),
  },
};

/** Values of {@link serveOptions}. */
export type ServeFlags = FlagsOf<typeof serveOptions>;
