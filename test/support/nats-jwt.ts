import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** An operator with one account and a system account, as `nsc` creates them. */
export interface TestOperator {
  /** Lines of a server configuration that accept the users of the account. */
  readonly config: string;
  /**
   * Creates a user of the account and returns its `.creds` file.
   *
   * @param options.expires expiry of the JWT, in seconds since 1970. Default: never
   * @param options.allow subjects the user may publish to. Default: all
   */
  creds(options?: { readonly expires?: number; readonly allow?: readonly string[] }): string;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const CONNECTIONS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const LIMITS = { ...CONNECTIONS, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Creates an operator with new keys. */
export function createOperator(): TestOperator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  // JetStream requires a system account.
  const system = nkeys.createAccount();
  const operatorJwt = signJwt(operator, operator, { type: 'operator' });
  const accounts = [
    `${account.getPublicKey()}: ${signJwt(operator, account, { type: 'account', limits: LIMITS })}`,
    `${system.getPublicKey()}: ${signJwt(operator, system, { type: 'account', limits: CONNECTIONS })}`,
  ];
  return {
    config: [
      `operator: ${operatorJwt}`,
      'resolver: MEMORY',
      `system_account: ${system.getPublicKey()}`,
      `resolver_preload: { ${accounts.join(', ')} }`,
    ].join('\n'),
    creds({ expires, allow = [] } = {}) {
      const user = nkeys.createUser();
      const claims = { type: 'user', ...UNLIMITED, pub: { allow }, sub: {} };
      return formatCreds(signJwt(account, user, claims, expires), user);
    },
  };
}

/** Creates an nkey. The seed is formatted as in a seed file. */
export function createNkey(): { readonly publicKey: string; readonly seed: string } {
  const user = nkeys.createUser();
  return { publicKey: user.getPublicKey(), seed: decodeText(user.getSeed()) };
}

/** Creates a NATS JWT signed by an nkey. */
function signJwt(issuer: KeyPair, subject: KeyPair, nats: object, expires?: number): string {
  const head = { typ: 'JWT', alg: 'ed25519-nkey' };
  const claims = {
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1_000),
    iss: issuer.getPublicKey(),
    sub: subject.getPublicKey(),
    name: 'test',
    ...(expires !== undefined && { exp: expires }),
    nats: { ...nats, version: 2 },
  };
  const body = [head, claims].map((part) => encodeBase64Url(JSON.stringify(part))).join('.');
  return `${body}.${encodeBase64Url(issuer.sign(new TextEncoder().encode(body)))}`;
}

function formatCreds(jwt: string, user: KeyPair): string {
  return [
    '-----BEGIN NATS USER JWT-----',
    jwt,
    '------END NATS USER JWT------',
    '',
    '-----BEGIN USER NKEY SEED-----',
    decodeText(user.getSeed()),
    '------END USER NKEY SEED------',
    '',
  ].join('\n');
}

function encodeBase64Url(content: string | Uint8Array): string {
  return Buffer.from(content).toString('base64url');
}

function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
