import { ProviderError } from '../providers/provider.js';

/** Where a bucket is. */
export interface BucketAddress {
  /** The servers of one cluster, `host:port`; whichever answers is taken. */
  readonly servers: readonly string[];
  readonly isTls: boolean;
  readonly user: string | null;
  readonly password: string | null;
  readonly token: string | null;
  readonly bucket: string;
  /** Which keys, such as `team-a.>`; `>` for all. */
  readonly subject: string;
}

/** The form of {@link parseAddress}, for help and errors. */
export const ADDRESS_FORM = 'nats://[USER:PASSWORD@|TOKEN@]HOST[:PORT][,HOST…]/BUCKET[/SUBJECT]';

const FORM = /^(nats|tls):\/\/(?:([^@/]*)@)?([^@/]+)\/([^/]+)(?:\/([^/]+))?$/;
const SERVER = /^(?:\[[\da-f:]+\]|[\w.-]+)(?::\d{1,5})?$/i;
const BUCKET = /^[\w-]{1,200}$/;
const SUBJECT = /^(?:(?:[\w=-]+|\*)\.)*(?:[\w=-]+|\*|>)$/;

/** Whether a text is meant as an address. */
export function isAddress(text: string): boolean {
  return /^(nats|tls):\/\//.test(text);
}

/** Reads an address; throws a `ProviderError` of code `config`, which does not show what stands before the `@`. */
export function parseAddress(text: string): BucketAddress {
  const [, scheme, login, hosts = '', bucket = '', subject = '>'] = FORM.exec(text) ?? [];
  const servers = hosts.split(',');
  const isRight =
    servers.every((server) => SERVER.test(server)) && BUCKET.test(bucket) && SUBJECT.test(subject);
  if (scheme === undefined || !isRight) {
    // Without a scheme, too, what stands before an @ may be a login.
    const shown = text.includes('://') ? withoutLogin(text) : text.replace(/^.*@/s, '');
    throw new ProviderError('config', `expected ${ADDRESS_FORM}, got ${JSON.stringify(shown)}`);
  }
  const [first = '', second] = login === undefined ? [] : login.split(/:(.*)/s).map(decoded);
  return {
    servers,
    isTls: scheme === 'tls',
    user: second === undefined ? null : first,
    password: second ?? null,
    token: login !== undefined && second === undefined ? first : null,
    bucket,
    subject,
  };
}

/** The address as it may be shown and logged. */
export function withoutLogin(text: string): string {
  return text.replace(/(\w+:\/\/).*@/s, '$1');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
