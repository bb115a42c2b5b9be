import { DEFAULT_CLAIM, DEFAULT_LEEWAY_MS } from '../../server/access/access.js';
import { COMPRESS_MODES } from '../../server/compression.js';
import { DEFAULT_LIMITS } from '../../server/limits.js';
import { type FlagsOf, file, flag, notEmpty, oneOf, option, text } from './option.js';
import { bucketOptions, credentialOptions, logOptions, SOURCE_FORMS, tiltLogOptions } from './publish.js';
import { bytes, durationMs } from './units.js';
import { append, host, hosts, httpUrl, limit, origins, pathPrefix, port, proxies } from './values.js';

/** Options of `serve`. Options of the gateway have the names in `GatewayOptions` and `JwtOptions`. */
export const serveOptions = {
  access: {
    host: option('--host <address>', 'address to listen on; addresses beyond loopback require a token', {
      parse: host,
      initial: '127.0.0.1',
      env: 'TILT_GRAPHQL_HOST',
    }),
    allowHosts: option(
      '--allow-host <name>',
      'host name to accept, besides localhost and IP addresses; * for any; may be repeated',
      { parse: hosts, isRepeatable: true, initial: [], shown: 'none', env: 'TILT_GRAPHQL_ALLOW_HOST' },
    ),
    allowOrigins: option(
      '--allow-origin <origin>',
      "origin of web pages to accept, besides the gateway's own; * for any; may be repeated",
      { parse: origins, isRepeatable: true, initial: [], shown: 'none', env: 'TILT_GRAPHQL_ALLOW_ORIGIN' },
    ),
    tokenFile: file(
      '--token-file <path>',
      'file with the bearer token that clients must present (or set TILT_GRAPHQL_TOKEN)',
      'TILT_GRAPHQL_TOKEN_FILE',
    ),
  },
  jwt: {
    jwks: option('--jwks <url>', 'key set (JWKS) of an identity provider whose tokens are accepted', {
      parse: httpUrl,
      env: 'TILT_GRAPHQL_JWKS',
    }),
    issuer: text('--jwt-issuer <text>', 'required issuer of those tokens (iss)', 'TILT_GRAPHQL_JWT_ISSUER'),
    audience: text(
      '--jwt-audience <text>',
      'required audience of those tokens (aud)',
      'TILT_GRAPHQL_JWT_AUDIENCE',
    ),
    claim: option('--jwt-claim <name>', 'claim with globs of the instances that the client may read', {
      parse: notEmpty('the name of a claim'),
      initial: DEFAULT_CLAIM,
      env: 'TILT_GRAPHQL_JWT_CLAIM',
    }),
    leewayMs: option(
      '--jwt-leeway <duration>',
      'accepted clock difference between the identity provider and this machine (exp, nbf)',
      { parse: durationMs, initial: DEFAULT_LEEWAY_MS, shown: '30s', env: 'TILT_GRAPHQL_JWT_LEEWAY' },
    ),
  },
  serving: {
    tlsCert: file(
      '--tls-cert <path>',
      'TLS certificate with its chain (PEM); reloaded when it changes',
      'TILT_GRAPHQL_TLS_CERT',
    ),
    tlsKey: file('--tls-key <path>', 'private key of the TLS certificate (PEM)', 'TILT_GRAPHQL_TLS_KEY'),
    pathPrefix: option('--path-prefix <path>', 'prefix of every path, such as /tilt', {
      parse: pathPrefix,
      initial: '',
      shown: 'none',
      env: 'TILT_GRAPHQL_PATH_PREFIX',
    }),
    trustProxies: option(
      '--trust-proxy <address>',
      'address or network of a proxy whose X-Forwarded-* headers are trusted; may be repeated',
      { parse: proxies, isRepeatable: true, initial: [], shown: 'none', env: 'TILT_GRAPHQL_TRUST_PROXY' },
    ),
    limits: option(
      '--limit <name=number>',
      `override a limit, may be repeated: ${Object.keys(DEFAULT_LIMITS).join(', ')}`,
      {
        parse: limit,
        isRepeatable: true,
        initial: {},
        shown: 'see docs/limits.md',
        env: 'TILT_GRAPHQL_LIMIT',
      },
    ),
    documentsFile: file(
      '--documents <path>',
      'manifest of persisted documents; all other documents are rejected',
      'TILT_GRAPHQL_DOCUMENTS',
    ),
    introspection: flag('--no-introspection', 'disable introspection', 'TILT_GRAPHQL_NO_INTROSPECTION'),
    federation: flag('--federation', 'act as a subgraph of Apollo Federation 2', 'TILT_GRAPHQL_FEDERATION'),
    graphiql: flag('--no-graphiql', 'do not serve GraphiQL', 'TILT_GRAPHQL_NO_GRAPHIQL'),
    dashboard: flag('--no-dashboard', 'do not serve the dashboard', 'TILT_GRAPHQL_NO_DASHBOARD'),
    compress: option('--compress <mode>', 'compress responses and subscriptions for clients that accept it', {
      ...oneOf(COMPRESS_MODES),
      initial: 'auto',
      env: 'TILT_GRAPHQL_COMPRESS',
    }),
    queryCacheBytes: option(
      '--query-cache <size>',
      'maximum size of the response cache, such as 0 (off), 500k, 32M',
      { parse: bytes, initial: 32 * 2 ** 20, shown: '32M', env: 'TILT_GRAPHQL_QUERY_CACHE' },
    ),
  },
  credentials: credentialOptions,
  bucket: bucketOptions,
  log: logOptions,
  tiltLogs: tiltLogOptions,
  listen: {
    port: option('-p, --port <number>', 'port to listen on; 0 for a free port', {
      parse: port,
      initial: 4000,
      env: 'TILT_GRAPHQL_PORT',
    }),
  },
  sources: {
    source: option('-s, --source <spec>', `source of Sessions, may be repeated: ${SOURCE_FORMS}`, {
      parse: append,
      isRepeatable: true,
      initial: [],
      shown: 'every Tilt on this machine, or the demo while no Tilt runs',
      completion: 'files',
      env: 'TILT_GRAPHQL_SOURCE',
    }),
    kubeconfig: file(
      '--kubeconfig <path>',
      'kubeconfig with Tilts or other API servers (default: the one that Tilt writes)',
      'TILT_GRAPHQL_KUBECONFIG',
    ),
    context: option(
      '--context <name>',
      'context of the kubeconfig to read, may be repeated: short for --source tilt:NAME',
      { parse: append, isRepeatable: true, initial: [], shown: 'every context named tilt-*' },
    ),
  },
  retention: {
    retainMs: option(
      '--retain <duration>',
      'how long a Session stays readable after its Tilt exits, such as 90s, 10m, 1h, 7d',
      { parse: durationMs, initial: 3_600_000, shown: '1h', env: 'TILT_GRAPHQL_RETAIN' },
    ),
  },
};

/** Values of {@link serveOptions}. */
export type ServeFlags = FlagsOf<typeof serveOptions>;
