import { randomUUID } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

/** What `nsc` would make: an operator with one account, beside the servers' own. */
export interface TestOperator {
  /** Lines of a server's configuration that let in the users of its account. */
  readonly config: string;
  /**
   * A `.creds` file of a new user of the account.
   *
   * @param options.expires when it ends, in seconds since 1970. Default: never
   * @param options.allow subjects it may publish to. Default: all
   */
  creds(options?: { readonly expires?: number; readonly allow?: readonly string[] }): string;
}

const UNLIMITED = { subs: -1, data: -1, payload: -1 };
const CONNECTIONS = { ...UNLIMITED, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
const LIMITS = { ...CONNECTIONS, mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Makes one, with keys of its own. */
export function createOperator(): TestOperator {
  const operator = nkeys.createOperator();
  const account = nkeys.createAccount();
  // JetStream asks for it.
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

/** A new nkey: its public part, and its seed as it stands in a file. */
export function createNkey(): { readonly publicKey: string; readonly seed: string } {
  const user = nkeys.createUser();
  return { publicKey: user.getPublicKey(), seed: decodeText(user.getSeed()) };
}

/** A JWT as NATS has them: signed by an nkey. */
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
