import { type SessionId, sessionIdOf } from '../model/session.js';

/**
 * The key of a Session in a bucket: `<instance>.<name>`. Dots of the instance stay, so that `team-a.>` is all of a team's;
 * dots of the name, and whatever a key cannot have (NATS' ADR-8: letters, digits, `-_/=`), become `=` and two
 * hexadecimal digits for each byte.
 */
export function keyOf(instance: string, name: string): string {
  const tokens = instance.split('.').every((token) => token !== '') ? instance.split('.') : [instance];
  return [...tokens, name].map(escaped).join('.');
}

/** The instance and name that a key stands for; null for a key that is no Session's. */
export function partsOf(key: string): { readonly instance: string; readonly name: string } | null {
  const tokens = key.split('.').map(unescaped);
  const name = tokens.pop();
  if (name === undefined || tokens.length === 0 || [name, ...tokens].includes('')) return null;
  return { instance: tokens.join('.'), name };
}

/** The id of the Session that a key stands for; null for a key that is no Session's. */
export function idOf(key: string): SessionId | null {
  const parts = partsOf(key);
  return parts && sessionIdOf(parts.instance, parts.name);
}

function escaped(text: string): string {
  return text.replace(/[^\w-]+/g, (strange) =>
    [...new TextEncoder().encode(strange)].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function unescaped(token: string): string {
  return token.replace(/(?:=[\da-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('=', ''), 'hex').toString(),
  );
}
