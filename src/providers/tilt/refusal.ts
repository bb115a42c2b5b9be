import { isRecord } from '../../lib/is-record.js';
import { oneLine } from '../../model/one-line.js';
import { ProviderError } from '../provider.js';

/** An answer of an API server that is not 200. */
export interface Refusal {
  readonly url: string;
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** Usually a `Status` of Kubernetes in JSON; or what a proxy has to say. */
  readonly body: string;
}

/**
 * The error that a refusal is. Pure.
 *
 * @param now milliseconds since 1970, against which a date in `Retry-After` counts
 */
export function refusalError({ url, status, retryAfter, body }: Refusal, now: number): ProviderError {
  const reason = [ADVICE.get(status), statusMessage(body)].filter((part) => part).join(': ');
  return new ProviderError(
    'refused',
    `${url}: HTTP ${status}${reason && `: ${reason}`}`,
    retryAfterMs(retryAfter, now),
  );
}

// A wrong token gets 403 from Tilt (seen), and 401 from Kubernetes.
const ADVICE: ReadonlyMap<number, string> = new Map([
  [401, 'the credentials in the kubeconfig are not accepted'],
  [403, 'the credentials in the kubeconfig are not allowed to'],
  [404, 'it has no Sessions of tilt.dev/v1alpha1; is it a Tilt?'],
]);

/**
 * What `Retry-After` asks for, in milliseconds: seconds or an HTTP date (RFC 9110, section 10.2.3). Null when it is absent
 * or neither. Pure.
 */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  const value = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // `Date.parse` also reads much that is no HTTP date, such as "-5".
  const date = /^[A-Z][a-z]+,? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** The `message` of a Kubernetes `Status`, else the text itself, on one line and short. */
export function statusMessage(body: string): string {
  const message = messageIn(body) ?? body;
  const line = oneLine(message).replace(/\s+/g, ' ');
  return line.length > 300 ? `${line.slice(0, 299)}…` : line;
}

function messageIn(body: string): string | null {
  try {
    const status: unknown = JSON.parse(body);
    return isRecord(status) && typeof status.message === 'string' ? status.message : null;
  } catch {
    return null;
  }
}
