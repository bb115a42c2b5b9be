import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createPeerFolder, peerPath } from './support/peers.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const COMPILERS = [
  ['TypeScript 5.0', peerPath('typescript-5.0/bin/tsc')],
  ["this project's TypeScript", `${ROOT}node_modules/typescript/bin/tsc`],
];

/** A server program that uses documents, limits, JWT, TLS and a custom provider. */
const SERVER = `
import {
  createGateway, createMemoryProvider, createNatsProvider, DEFAULT_LIMITS, decodeCluster, decodeResource, decodeSession, ManifestError, readManifest,
  fromAsyncIterable, type BucketSettings, type Change, type Documents, type GatewayOptions, type JwtOptions, type KeyPair, type Limits,
  type NatsCredentials, type PushChange, type QueryLimits, type ServingOptions, type SessionFacts, type SessionProvider, type Tracer,
} from 'tilt-graphql';

const documents: Documents = readManifest('{}');
const limits: Partial<Limits> = { bodyBytes: DEFAULT_LIMITS.bodyBytes };
const query: QueryLimits = DEFAULT_LIMITS;
const jwt: JwtOptions = { jwks: new URL('https://login.example.com/keys') };
const settings: BucketSettings = { replicas: 3 };
const credentials: NatsCredentials = { creds: 'agent.creds' };
const facts: SessionFacts = { resources: [decodeResource({})], cluster: decodeCluster({}), webUrl: null };
const provider: SessionProvider = {
  name: 'mine',
  async watch(push: PushChange, signal: AbortSignal): Promise<void> {
    if (!signal.aborted) push({ type: 'snapshot', sessions: [{ ...decodeSession({}, 'mine'), facts }] });
  },
};
const iterated: SessionProvider = fromAsyncIterable('iterated', async function* (signal): AsyncIterable<Change> {
  if (!signal.aborted) yield { type: 'snapshot', sessions: [] };
});
const serving: ServingOptions = { documents, limits, jwt };
const options: GatewayOptions = {
  ...serving,
  providers: [provider, iterated, createMemoryProvider('x').provider, createNatsProvider({ address: 'nats://a/B', settings, credentials })],
};
export const gateway = createGateway(options);
export const isManifestError = (error: unknown) => error instanceof ManifestError;
export const more: { tls?: KeyPair; tracer?: Tracer; depth: number } = { depth: query.depth };
`;

/** A browser program. */
const BROWSER = `
import { createClient, type TargetsView } from 'tilt-graphql/client';
export async function follow(show: (view: TargetsView) => void): Promise<void> {
  for await (const view of createClient({ url: 'http://127.0.0.1:4000' }).watchTargets()) show(view);
}
`;

async function compile(tsc: string, code: string, more: object): Promise<string> {
  await using folder = await createPeerFolder();
  await folder.write('package.json', '{ "type": "module" }');
  await folder.write('use.ts', code);
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    typeRoots: [`${ROOT}node_modules/@types`],
    ...more,
  };
  await folder.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }));
  // Awaited, because the folder is removed at the end of this block.
  return await promisify(execFile)(process.execPath, [tsc, '-p', '.', '--listFiles'], {
    cwd: folder.path,
  }).then(
    ({ stdout }) =>
      stdout
        .split('\n')
        .filter((line) => line.includes('@nats-io'))
        .join('\n'),
    ({ stdout }: { stdout: string }) =>
      stdout
        .split('\n')
        .filter((line) => line.includes('error'))
        .join('\n') || stdout,
  );
}

describe.each(COMPILERS)('the type declarations, checked by %s with exactOptionalPropertyTypes', (_, tsc) => {
  it('have no errors in a server program with @types/node, and load no declarations of @nats-io', async () => {
    expect(await compile(tsc, SERVER, { lib: ['es2022'], types: ['node'] })).toBe('');
  }, 60_000);

  it('of the client have no errors in a browser program without @types/node', async () => {
    expect(await compile(tsc, BROWSER, { lib: ['es2022', 'dom'], types: [] })).toBe('');
  }, 60_000);
});
