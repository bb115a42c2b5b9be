import { ProviderError, type ProviderErrorCode } from '../providers/provider.js';
import type { BucketAddress } from './address.js';

/** What a server or the library says, what is meant by it, and what to do. */
interface Meaning {
  readonly said: RegExp;
  readonly code: ProviderErrorCode;
  readonly what: (text: string) => string;
  readonly mend: string;
}

/** The first that matches counts. */
const MEANINGS: readonly Meaning[] = [
  {
    said: /authoriz|authenticat|permission/i,
    code: 'refused',
    what: (text) => `the server refuses (${text})`,
    mend: 'look at the user, token or credentials file',
  },
  {
    said: /maximum (bytes|messages) exceeded|insufficient (storage |memory )?resources|resource limits exceeded/i,
    code: 'unreachable',
    what: (text) => `the bucket or its account is full (${text})`,
    mend: 'give it more room, or let it keep less (--bucket-history, --bucket-max-age)',
  },
  {
    said: /max_payload|message size exceeds/i,
    code: 'unreachable',
    what: (text) => `the Session is larger than a message may be (${text})`,
    mend: "raise max_payload of the server, or the bucket's maximum value size",
  },
  {
    said: /sealed/i,
    code: 'unreachable',
    what: (text) => `the bucket takes no more states (${text})`,
    mend: 'publish to another bucket, since a sealed one cannot be opened again',
  },
  {
    said: /jetstream.*not enabled/i,
    code: 'config',
    what: (text) => `JetStream is needed, but ${text}`,
    mend: 'switch it on, for the server (--jetstream) and the account',
  },
  {
    said: /no responders|503/i,
    code: 'unreachable',
    what: (text) => `JetStream does not answer (${text})`,
    mend: 'is it enabled, and has the cluster a leader?',
  },
  {
    said: /alert|certificate required/i,
    code: 'refused',
    what: (text) => `the server refuses this certificate (${text})`,
    mend: 'give one that it knows with --nats-tls-cert and --nats-tls-key',
  },
  {
    said: /certificate/i,
    code: 'config',
    what: (text) => `the server's certificate is not trusted (${text})`,
    mend: 'give the CA that has signed it with --nats-tls-ca, and call the server by a name that stands in it',
  },
  {
    said: /not support 'tls'/i,
    code: 'config',
    what: () => 'the server speaks no TLS',
    mend: 'write nats:// and leave --nats-tls-… out, or give the server a certificate',
  },
];

/** The servers, for messages. */
export function placeOf({ servers, isTls, bucket }: BucketAddress): string {
  return `${isTls ? 'tls' : 'nats'}://${servers.join(',')}/${bucket}`;
}

/** What went wrong with a server, as one line: where, what, what to do. */
export function natsError(address: BucketAddress, error: unknown): ProviderError {
  return errorOf(address, error, (text) => text);
}

/** What went wrong when connecting. */
export function connectError(address: BucketAddress, error: unknown, usesTls: boolean): ProviderError {
  // Whom it does not know by a certificate a server drops without a word.
  const cause = usesTls ? ', and does it take this certificate (--nats-tls-cert)?' : '?';
  return errorOf(address, error, (text) => `cannot connect (${text}); does a server run there${cause}`);
}

function errorOf(address: BucketAddress, error: unknown, otherwise: (text: string) => string): ProviderError {
  if (error instanceof ProviderError) return error;
  const text = error instanceof Error ? error.message || error.name : String(error);
  const meaning = MEANINGS.find(({ said }) => said.test(text));
  const line = meaning ? `${meaning.what(text)}; ${meaning.mend}` : otherwise(text);
  return new ProviderError(meaning?.code ?? 'unreachable', `${placeOf(address)}: ${line}`);
}
