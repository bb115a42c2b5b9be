import { normaliseOrigin, originToAscii, parseName } from './authority.js';

// What the options about hosts and origins accept. What could never match is rejected, so that a typing error shows at the
// start and not as a 403 at the first visit.

/** A name that the gateway may be called by, in its normal form. Throws a RangeError for what no `Host` could equal. */
export function parseAllowedHost(text: string): string {
  if (text === '*') return text;
  const name = /[*/@?#]/.test(text) ? null : parseName(text);
  if (name !== null) return name;
  throw new RangeError(
    `expected a name such as board.example.com, without a scheme, a path or a wildcard, got "${text}"`,
  );
}

/** An origin of pages that may ask, in its normal form. Throws a RangeError for what no `Origin` could equal. */
export function parseAllowedOrigin(text: string): string {
  if (text === '*') return text;
  const bare = text.replace(/\/$/, '');
  const origin = /^[a-z][a-z\d+.-]*:\/\/[^/?#*]+$/i.test(bare) ? normaliseOrigin(originToAscii(bare)) : null;
  if (origin !== null) return origin;
  throw new RangeError(
    `expected a scheme and a host, without a path or a wildcard, such as https://board.example.com, got "${text}"`,
  );
}
