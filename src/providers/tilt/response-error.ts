import { isRecord } from '../../lib/is-record.js';
import { oneLine, shorten } from '../../model/plain-text.js';
import { ProviderError } from '../provider.js';

/** A response of an API server with another status than 200. */
export interface ErrorResponse {
  /** Plural of the requested kind, such as `sessions`. */
  readonly kind: string;
  readonly url: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Usually a Kubernetes `Status` in JSON, or the text of a proxy. */
  readonly body: string;
}

/** The error for a response of an API server with another status than 200. */
export class ResponseError extends ProviderError {
  constructor(
    message: string,
    readonly status: number,
    /** The server's own message, on one line; empty without one. */
    readonly reason: string,
    retryAfterMs: number | null,
  ) {
    super('refused', message, retryAfterMs);
  }
}

/**
 * Creates the error for a response. Pure.
 *
 * @param now milliseconds since 1970, to which a date in `Retry-After` is compared
 */
export function responseError(
  { kind, url, status, retryAfter, body }: ErrorResponse,
  now: number,
): ResponseError {
  const said = statusMessage(body);
  const reason = [hintFor(status, kind), said].filter((part) => part).join(': ');
  const message = `${url}: HTTP ${status}${reason && `: ${reason}`}`;
  return new ResponseError(message, status, said, parseRetryAfter(retryAfter, now));
}

/** Tilt responds to a wrong token with 403 (seen), Kubernetes with 401. */
function hintFor(status: number, kind: string): string | null {
  switch (status) {
    case 401:
      return 'the credentials in the kubeconfig were rejected';
    case 403:
      return 'permission denied for the credentials in the kubeconfig';
    case 404:
      return kind === 'sessions'
        ? 'it does not serve Sessions of tilt.dev/v1alpha1; check that it is a Tilt'
        : null;
    default:
      return null;
  }
}

/**
 * Parses `Retry-After`: seconds or an HTTP date (RFC 9110, section 10.2.3). Returns milliseconds; null when
 * the header is absent or invalid. Pure.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | null {
  const value = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // `Date.parse` also accepts texts that are not HTTP dates, such as "-5".
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The `message` of a Kubernetes `Status`, else the text itself, shortened and on one line. */
export function statusMessage(body: string): string {
  const message = parseStatusMessage(body) ?? body;
  return shorten(oneLine(message).replace(/\s+/g, ' '), 300);
}

function parseStatusMessage(body: string): string | null {
  try {
    const status: unknown = JSON.parse(body);
    return isRecord(status) && typeof status.message === 'string' ? status.message : null;
  } catch {
    return null;
  }
}
