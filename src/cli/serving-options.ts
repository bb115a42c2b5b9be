import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { ServingOptions } from '../gateway.js';
import { type Documents, ManifestError, readManifest } from '../graphql/documents.js';
import { DEFAULT_CLAIM, DEFAULT_LEEWAY_MS, type JwtOptions } from '../transport/access/access.js';
import { DEFAULT_LIMITS, type Limits } from '../transport/limits.js';
import {
  bytes,
  durationMs,
  host,
  hosts,
  httpUrl,
  limit,
  origins,
  pathPrefix,
  proxies,
} from './option-values.js';
import { readKeyPair } from './tls-files.js';
import { tokenFor } from './token.js';
import { UsageError } from './usage-error.js';

/** To whom `serve` was told to serve, and how much. */
export interface ServingFlags {
  readonly host: string;
  readonly allowHost: readonly string[];
  readonly allowOrigin: readonly string[];
  readonly tokenFile?: string;
  readonly jwks?: URL;
  readonly jwtIssuer?: string;
  readonly jwtAudience?: string;
  readonly jwtClaim: string;
  /** Milliseconds. */
  readonly jwtLeeway: number;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly pathPrefix: string;
  readonly trustProxy: readonly string[];
  readonly limit: Partial<Limits>;
  readonly documents?: string;
  readonly introspection: boolean;
  readonly federation: boolean;
  readonly graphiql: boolean;
  readonly dashboard: boolean;
  /** Bytes. */
  readonly queryCache: number;
}

/** Adds the options about who is served; each may also come from the environment. */
export function addServingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--host <address>', 'address to listen on; beyond this machine a token is asked for')
        .default('127.0.0.1')
        .env('TILT_GRAPHQL_HOST')
        .argParser(host),
    )
    .addOption(
      new Option(
        '--allow-host <name>',
        'name it may be called by, beside localhost and addresses; may be repeated',
      )
        .default([], 'none')
        .env('TILT_GRAPHQL_ALLOW_HOST')
        .argParser(hosts),
    )
    .addOption(
      new Option(
        '--allow-origin <origin>',
        'origin of pages that may ask it, beside its own; may be repeated',
      )
        .default([], 'none')
        .env('TILT_GRAPHQL_ALLOW_ORIGIN')
        .argParser(origins),
    )
    .addOption(
      new Option(
        '--token-file <path>',
        'file with the token that clients have to send (or in TILT_GRAPHQL_TOKEN itself)',
      ).env('TILT_GRAPHQL_TOKEN_FILE'),
    )
    .addOption(
      new Option('--jwks <url>', 'keys of an identity provider whose tokens let in')
        .env('TILT_GRAPHQL_JWKS')
        .argParser(httpUrl),
    )
    .addOption(
      new Option('--jwt-issuer <text>', 'whom those tokens must be from (iss)').env(
        'TILT_GRAPHQL_JWT_ISSUER',
      ),
    )
    .addOption(
      new Option('--jwt-audience <text>', 'whom they must be for (aud)').env('TILT_GRAPHQL_JWT_AUDIENCE'),
    )
    .addOption(
      new Option('--jwt-claim <name>', 'claim with the globs of instances that may be seen')
        .default(DEFAULT_CLAIM)
        .env('TILT_GRAPHQL_JWT_CLAIM'),
    )
    .addOption(
      new Option(
        '--jwt-leeway <duration>',
        'how far the clocks of the identity provider and this machine may differ (exp, nbf)',
      )
        .default(DEFAULT_LEEWAY_MS, '30s')
        .env('TILT_GRAPHQL_JWT_LEEWAY')
        .argParser(durationMs),
    )
    .addOption(
      new Option('--tls-cert <path>', 'certificate with its chain, PEM; read anew when it changes').env(
        'TILT_GRAPHQL_TLS_CERT',
      ),
    )
    .addOption(new Option('--tls-key <path>', 'its key, PEM').env('TILT_GRAPHQL_TLS_KEY'))
    .addOption(
      new Option('--path-prefix <path>', 'what every path begins with, such as /tilt')
        .default('', 'nothing')
        .env('TILT_GRAPHQL_PATH_PREFIX')
        .argParser(pathPrefix),
    )
    .addOption(
      new Option(
        '--trust-proxy <address>',
        'proxy or network of them whose X-Forwarded-* is believed; may be repeated',
      )
        .default([], 'none')
        .env('TILT_GRAPHQL_TRUST_PROXY')
        .argParser(proxies),
    )
    .addOption(
      new Option('--limit <name=number>', `may be repeated: ${Object.keys(DEFAULT_LIMITS).join(', ')}`)
        .default({}, 'see the README')
        .env('TILT_GRAPHQL_LIMIT')
        .argParser(limit),
    )
    .addOption(
      new Option('--documents <path>', 'manifest of the only documents that are answered').env(
        'TILT_GRAPHQL_DOCUMENTS',
      ),
    )
    .addOption(
      new Option('--no-introspection', 'do not tell the schema').env('TILT_GRAPHQL_NO_INTROSPECTION'),
    )
    .addOption(
      new Option('--federation', 'can be a subgraph of Apollo Federation 2')
        .default(false)
        .env('TILT_GRAPHQL_FEDERATION'),
    )
    .addOption(new Option('--no-graphiql', 'do not serve GraphiQL').env('TILT_GRAPHQL_NO_GRAPHIQL'))
    .addOption(new Option('--no-dashboard', 'do not serve the dashboard').env('TILT_GRAPHQL_NO_DASHBOARD'))
    .addOption(
      new Option(
        '--query-cache <size>',
        'how much answers that are kept may take, such as 0 (none), 500k, 32M',
      )
        .default(32 * 2 ** 20, '32M')
        .env('TILT_GRAPHQL_QUERY_CACHE')
        .argParser(bytes),
    );
}

/** What the gateway is told of them. Throws a UsageError where a file is missing or makes no sense. */
export async function servingOptionsOf(
  flags: ServingFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ServingOptions> {
  const token = await tokenFor(flags, env);
  const documents = flags.documents === undefined ? null : await documentsIn(flags.documents);
  const tls = await tlsOf(flags);
  return {
    allowHosts: flags.allowHost,
    allowOrigins: flags.allowOrigin,
    trustProxies: flags.trustProxy,
    pathPrefix: flags.pathPrefix,
    limits: flags.limit,
    introspection: flags.introspection,
    federation: flags.federation,
    graphiql: flags.graphiql,
    dashboard: flags.dashboard,
    queryCacheBytes: flags.queryCache,
    ...(token !== null && { token }),
    ...(documents && { documents }),
    ...(tls && { tls }),
    ...(flags.jwks && { jwt: jwtOf(flags.jwks, flags) }),
  };
}

function jwtOf(jwks: URL, { jwtIssuer, jwtAudience, jwtClaim, jwtLeeway }: ServingFlags): JwtOptions {
  return {
    jwks,
    claim: jwtClaim,
    leewayMs: jwtLeeway,
    ...(jwtIssuer !== undefined && { issuer: jwtIssuer }),
    ...(jwtAudience !== undefined && { audience: jwtAudience }),
  };
}

function tlsOf({ tlsCert, tlsKey }: ServingFlags) {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert !== undefined && tlsKey !== undefined) return readKeyPair(tlsCert, tlsKey);
  throw new UsageError('TLS needs both: --tls-cert PATH and --tls-key PATH');
}

async function documentsIn(path: string): Promise<Documents> {
  try {
    return readManifest(await readFile(path, 'utf8'));
  } catch (error) {
    const why = error instanceof ManifestError ? error.message : `it cannot be read (${codeOf(error)})`;
    throw new UsageError(`--documents ${path}: ${why}`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
