import { generate } from 'selfsigned';

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A CA made for tests, with what it has signed. */
export interface TestTls {
  /** The CA's certificate, PEM. */
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/** Makes a CA of its own, a server certificate for the names and IP addresses given, and a client certificate. */
export async function createTls(names: readonly string[] = ['localhost', '127.0.0.1']): Promise<TestTls> {
  const ca = await generate([{ name: 'commonName', value: `test CA ${++count}` }], {
    ...COMMON,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { ca: ca.cert, server: await signed(ca, 'server', names), client: await signed(ca, 'client', []) };
}

/** The TLS of all servers that need none of their own: making one takes a tenth of a second. */
export function sharedTls(): Promise<TestTls> {
  shared ??= createTls();
  return shared;
}

let shared: Promise<TestTls> | undefined;
let count = 0;

const COMMON = {
  keyType: 'ec',
  algorithm: 'sha256',
  // An hour back: the clocks of two processes need not agree.
  notBeforeDate: new Date(Date.now() - 3_600_000),
  notAfterDate: new Date(Date.now() + 86_400_000),
} as const;

type Signer = { readonly private: string; readonly cert: string };

async function signed(ca: Signer, name: string, names: readonly string[]): Promise<KeyPair> {
  const made = await generate([{ name: 'commonName', value: name }], {
    ...COMMON,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'extKeyUsage', serverAuth: name === 'server', clientAuth: name === 'client' },
      { name: 'subjectAltName', altNames: names.map(altName) },
    ],
  });
  return { cert: made.cert, key: made.private };
}

function altName(name: string) {
  return /^[\d.]+$/.test(name) ? ({ type: 7, ip: name } as const) : ({ type: 2, value: name } as const);
}
