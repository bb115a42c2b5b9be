import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * Encrypts tokens for cookies. Browsers send a cookie to every port of its host (RFC 6265, section 8.5), so
 * other servers of a machine receive it: they must not find a token in it.
 */
export interface TokenSeal {
  /** Encrypts a token for a cookie of this name. */
  seal(token: string, cookieName: string): string;
  /** Decrypts the value of a cookie of this name. Null for anything else than a sealed token. */
  open(value: string, cookieName: string): string | null;
}

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Maximum number of decrypted tokens that are kept: decryption takes 15 to 60 µs per request. */
const MAX_OPENED = 100;

/**
 * Creates the encryption (AES-256-GCM). The name of the cookie is authenticated, so that gateways at other
 * ports reject it.
 *
 * @param secret text that the key is derived from, so that a restarted gateway opens earlier cookies. Null: a
 *   random key
 */
export function createTokenSeal(secret: string | null): TokenSeal {
  const key =
    secret === null
      ? randomBytes(KEY_BYTES)
      : new Uint8Array(hkdfSync('sha256', secret, '', 'tilt-graphql cookie', KEY_BYTES));
  const opened = new Map<string, string>();

  return {
    seal(token, cookieName) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(cookieName));
      // Base64 adds a third to the length. Compression removes as much: a JWT is Base64 too.
      const sealed = Buffer.concat([cipher.update(deflateRawSync(token)), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
    },
    open(value, cookieName) {
      const id = `${cookieName}=${value}`;
      const known = opened.get(id);
      if (known !== undefined) return known;
      const token = decrypt(Buffer.from(value, 'base64url'), cookieName);
      if (token === null) return null;
      if (opened.size >= MAX_OPENED) opened.clear();
      opened.set(id, token);
      return token;
    },
  };

  function decrypt(bytes: Buffer, cookieName: string): string | null {
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return null;
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(cookieName)).setAuthTag(tag);
    try {
      const compressed = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
      return inflateRawSync(Buffer.concat([compressed, decipher.final()])).toString();
    } catch {
      return null;
    }
  }
}
