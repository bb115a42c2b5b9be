import { messageOf } from '../lib/errors.js';
import { ProviderError, type ProviderErrorCode } from '../providers/provider.js';
import { type BucketAddress, formatAddress } from './settings.js';

/** A message of the server or the client library, with its cause and a hint. */
interface KnownError {
  readonly pattern: RegExp;
  readonly code: ProviderErrorCode;
  readonly describe: (text: string) => string;
  readonly hint: string;
}

/** Errors of the client library, for `max_payload`, and of the server, for the limit of a bucket. */
const TOO_LARGE = /max_payload|message size exceeds/i;

/** The first match counts. */
const KNOWN_ERRORS: readonly KnownError[] = [
  {
    pattern: /authoriz|authenticat|permission/i,
    code: 'refused',
    describe: (text) => `permission denied by the server (${text})`,
    hint: 'check the user, token or credentials file',
  },
  {
    pattern:
      /maximum (bytes|messages) exceeded|insufficient (storage |memory )?resources|resource limits exceeded/i,
    code: 'unreachable',
    describe: (text) => `the bucket or its account is full (${text})`,
    hint: 'raise its limits, or keep less (--bucket-history, --bucket-max-age)',
  },
  {
    pattern: TOO_LARGE,
    code: 'unreachable',
    describe: (text) => `the Session exceeds the maximum message size (${text})`,
    hint: "raise max_payload of the server, or the bucket's maximum value size",
  },
  {
    pattern: /sealed/i,
    code: 'unreachable',
    describe: (text) => `the bucket is sealed and read-only (${text})`,
    hint: 'publish to another bucket, since a sealed one cannot be opened again',
  },
  {
    pattern: /jetstream.*not enabled/i,
    code: 'config',
    describe: (text) => `JetStream is required, but ${text}`,
    hint: 'enable it for the server (--jetstream) and the account',
  },
  {
    pattern: /no responders|503/i,
    code: 'unreachable',
    describe: (text) => `JetStream does not answer (${text})`,
    hint: 'check that it is enabled and that the cluster has a leader',
  },
  {
    pattern: /alert|certificate required/i,
    code: 'refused',
    describe: (text) => `the server rejects the client certificate (${text})`,
    hint: 'give a certificate that it trusts with --nats-tls-cert and --nats-tls-key',
  },
  {
    pattern: /certificate/i,
    code: 'config',
    describe: (text) => `the server's certificate is not trusted (${text})`,
    hint: 'give the CA that signed it with --nats-tls-ca, and use a host name that the certificate contains',
  },
  {
    pattern: /not support 'tls'/i,
    code: 'config',
    describe: () => 'the server does not support TLS',
    hint: 'use nats:// without --nats-tls-… options, or configure a certificate on the server',
  },
];

/** Converts an error into a `ProviderError` with one line: address, cause, hint. */
export function toProviderError(address: BucketAddress, error: unknown): ProviderError {
  return convert(address, error, (text) => text);
}

/** Converts an error of opening a connection. */
export function toConnectError(address: BucketAddress, error: unknown, usesTls: boolean): ProviderError {
  // A server drops clients with an unknown certificate without an error.
  const hint = usesTls
    ? 'check that a server runs there and accepts this certificate (--nats-tls-cert)'
    : 'check that a server runs there';
  return convert(address, error, (text) => `cannot connect (${text}); ${hint}`);
}

function convert(address: BucketAddress, error: unknown, otherwise: (text: string) => string): ProviderError {
  if (error instanceof ProviderError) return error;
  const text = messageOf(error) || String(error);
  const known = KNOWN_ERRORS.find(({ pattern }) => pattern.test(text));
  const line = known ? `${known.describe(text)}; ${known.hint}` : otherwise(text);
  return new ProviderError(known?.code ?? 'unreachable', `${formatAddress(address)}: ${line}`);
}

/**
 * Returns the error of a write if retrying is useless: another publisher has the key, the configuration is
 * wrong, or the server denies permission. Otherwise null.
 */
export function toPermanentError(error: unknown, address: BucketAddress | null): ProviderError | null {
  if (error instanceof ProviderError) return error;
  if (address === null || !isDenied(error)) return null;
  return toProviderError(address, error);
}

/** Whether the server denies permission. */
export function isDenied(error: unknown): boolean {
  return /permission/i.test(messageOf(error));
}

/**
 * Whether the stream of a bucket does not exist. A read reports this. A write gets no responders, which the
 * client library reports as a server without JetStream.
 */
export function isMissingStream(error: unknown): boolean {
  return /stream not found|no responders|503|jetstream is not enabled/i.test(messageOf(error));
}

/** Whether a write failed because a message may not be that large. */
export function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.test(messageOf(error));
}

/** Describes in one line why a state or a heartbeat was not written. */
export function describeWriteError(error: unknown, address: BucketAddress): string {
  if (!isMissingStream(error)) return toProviderError(address, error).message;
  return `${formatAddress(address)}: stream not found (${messageOf(error)}); it is created again`;
}
