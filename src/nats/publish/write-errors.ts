import { ProviderError } from '../../providers/provider.js';
import type { Bucket } from '../bucket.js';
import { natsError, placeOf } from '../errors.js';

/** The error, if trying again is of no use: the key is another's, the set-up is wrong, or the server does not permit it. */
export function refusalIn(error: unknown, bucket: Bucket | null): ProviderError | null {
  if (error instanceof ProviderError) return error;
  if (bucket === null || !/permission/i.test(messageOf(error))) return null;
  return natsError(bucket.address, error);
}

/**
 * Whether the stream of a bucket does not exist: a read says so, a write only finds nobody that answers, which the client
 * library takes for a server without JetStream.
 */
export function isMissingStream(error: unknown): boolean {
  return /stream not found|no responders|503|jetstream is not enabled/i.test(messageOf(error));
}

/** Why a state or a sign of life was not written, as one line. */
export function writeErrorText(error: unknown, { address }: Bucket): string {
  if (!isMissingStream(error)) return natsError(address, error).message;
  return `${placeOf(address)}: no stream takes it (${messageOf(error)}); a missing one is created again`;
}

/** Message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
