import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/**
 * An identity provider that signs tokens and serves a JWKS. Stopped at the end of its block (`await
 * using`).
 */
export interface IdentityProvider extends AsyncDisposable {
  /** Address of the JWKS. */
  readonly jwks: URL;
  /** Number of requests for the JWKS. */
  readonly requests: number;
  /** Body and status of its answers instead of the JWKS. Null: the JWKS. */
  failure: { readonly status: number; readonly body: string } | null;
  /** Ids of the keys in the JWKS. Default: `one`. */
  keyIds: readonly string[];
  /** Promise that its answers wait for. Null: none. */
  held: Promise<void> | null;
  /**
   * Signs a token with these claims, by default with the key `one`. `exp` is in seconds since 1970. Default:
   * one hour from now.
   */
  sign(claims: Readonly<Record<string, unknown>>, keyId?: string): Promise<string>;
}

/** Starts an identity provider on a free local port. */
export async function startIdentityProvider(): Promise<IdentityProvider> {
  const { publicKey, privateKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' };
  let requests = 0;
  let failure: IdentityProvider['failure'] = null;
  let keyIds: readonly string[] = ['one'];
  let held: IdentityProvider['held'] = null;
  const server = createServer(async (_, response) => {
    requests += 1;
    await held;
    response.setHeader('content-type', 'application/json');
    response.statusCode = failure?.status ?? 200;
    response.end(failure?.body ?? JSON.stringify({ keys: keyIds.map((kid) => ({ ...jwk, kid })) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a TCP address.');
  return {
    jwks: new URL(`http://127.0.0.1:${address.port}/keys`),
    get requests() {
      return requests;
    },
    get failure() {
      return failure;
    },
    set failure(next) {
      failure = next;
    },
    get keyIds() {
      return keyIds;
    },
    set keyIds(next) {
      keyIds = next;
    },
    get held() {
      return held;
    },
    set held(next) {
      held = next;
    },
    sign: (claims, keyId = 'one') =>
      new SignJWT({ exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims })
        .setProtectedHeader({ alg: 'ES256', kid: keyId })
        .sign(privateKey),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
