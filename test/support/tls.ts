import { generate } from 'selfsigned';

/** A certificate and its private key in PEM format. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A test CA with the certificates it has signed. */
export interface TestTls {
  /** CA certificate in PEM format. */
  readonly ca: string;
  readonly server: KeyPair;
  readonly client: KeyPair;
}

/** Creates a new CA, a server certificate for these names and IP addresses, and a client certificate. */
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

/** Returns the certificates shared by all servers of this process. Creating them takes about 100 ms. */
export function sharedTls(): Promise<TestTls> {
  shared ??= createTls();
  return shared;
}

// Shared by the tests of a process, see above.
let shared: Promise<TestTls> | undefined;
// Gives each CA a distinct name.
let count = 0;

const COMMON = {
  keyType: 'ec',
  algorithm: 'sha256',
  // One hour ago, because some tests run processes with different clocks.
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
