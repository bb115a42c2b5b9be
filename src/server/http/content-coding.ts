import { zstd } from './zstd.js';

/** Compression of a response body (RFC 9110, section 8.4.1). */
export type ContentCoding = 'br' | 'zstd' | 'gzip';

/** Codings of this Node.js, the preferred first. */
const CODINGS: readonly ContentCoding[] = zstd ? ['br', 'zstd', 'gzip'] : ['br', 'gzip'];

/** Compression that a client accepts, according to `Accept-Encoding`. */
export interface AcceptedCoding {
  /** The preferred coding; null for none. */
  readonly coding: ContentCoding | null;
  /** Whether the client rejects a body that is not compressed (`identity;q=0`). */
  readonly isRequired: boolean;
  readonly acceptsGzip: boolean;
}

/** No compression. */
export const PLAIN: AcceptedCoding = { coding: null, isRequired: false, acceptsGzip: false };

/** Headers of one client are equal, and there are few kinds of clients. */
const parsed = new Map<string, AcceptedCoding>();
const MAX_PARSED = 100;

/** Longest header that is read, in characters. Browsers send 30. */
const MAX_HEADER = 300;

/** Chooses the coding of a response from `Accept-Encoding` (RFC 9110, section 12.5.3). */
export function acceptedCoding(header: string | readonly string[] | undefined): AcceptedCoding {
  if (typeof header !== 'string' || header.length > MAX_HEADER) return PLAIN;
  const known = parsed.get(header);
  if (known) return known;
  const accepted = parseAcceptEncoding(header);
  if (parsed.size >= MAX_PARSED) parsed.clear();
  parsed.set(header, accepted);
  return accepted;
}

function parseAcceptEncoding(header: string): AcceptedCoding {
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [, name, weight = '1'] = RANGE.exec(part) ?? [];
    if (name !== undefined) weights.set(name === 'x-gzip' ? 'gzip' : name, Number(weight));
  }
  const any = weights.get('*') ?? 0;
  // Every client that accepts any coding can read gzip.
  if (!weights.has('gzip')) weights.set('gzip', any);
  const weightOf = (coding: string) => weights.get(coding) ?? 0;
  const best = CODINGS.reduce((best, next) => (weightOf(next) > weightOf(best) ? next : best));
  const weight = weightOf(best);
  const isPlainRejected = (weights.get('identity') ?? weights.get('*')) === 0;
  if (weight === 0 || (!isPlainRejected && weightOf('identity') > weight)) return PLAIN;
  return { coding: best, isRequired: isPlainRejected, acceptsGzip: weightOf('gzip') > 0 };
}

/** A coding with an optional weight of at most three digits (RFC 9110, section 12.4.2). */
const RANGE = /^[ \t]*([!#$%&'*+.^_`|~\w-]+)[ \t]*(?:;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*)?$/;
