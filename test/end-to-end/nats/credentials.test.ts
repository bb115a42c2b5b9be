import { once } from 'node:events';
import { createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/lib/clock.js';
import { createNatsProvider } from '../../../src/nats/nats-provider.js';
import type { NatsCredentials } from '../../../src/nats/settings.js';
import { ProviderError } from '../../../src/providers/provider.js';
import { followBucket } from '../../support/follow-bucket.js';
import { createNkey, createOperator } from '../../support/nats-jwt.js';
import { gatewayPermissions, publisherPermissions } from '../../support/nats-permissions.js';
import { type NatsServer, startNats } from '../../support/nats-server.js';
import { startProviderWatch } from '../../support/provider-watch.js';
import { session } from '../../support/sessions.js';
import { createTemporaryFolder, type TemporaryFolder } from '../../support/temporary-folder.js';
import { startPublisher } from '../../support/test-publisher.js';
import { createTls } from '../../support/tls.js';

/** Result of reading a bucket: `read`, or the code and the message of the error. */
async function outcomeOf(address: string, credentials: NatsCredentials = {}): Promise<string> {
  const watching = startProviderWatch(createNatsProvider({ address, credentials, clock: systemClock }));
  await expect.poll(() => watching.outcome ?? watching.changes.length, { timeout: 20_000 }).not.toBe(0);
  const { outcome } = watching;
  watching.abort();
  if (outcome === null) return 'read';
  return outcome.error instanceof ProviderError
    ? `${outcome.error.code}: ${outcome.error.message}`
    : 'a fault';
}

/** Writes a file and returns its path. */
async function written(folder: TemporaryFolder, name: string, content: string): Promise<string> {
  await folder.write(name, content);
  return folder.file(name);
}

const REFUSED =
  /^refused: nats:\S+\/b: permission denied by the server \(.*\); check the user, token or credentials file$/;

describe('a user and password, and a token', () => {
  it.each([
    ['authorization { user: ada, password: "s3cr:t" }', 'ada:s3cr%3At@', 'ada:wr0ng@'],
    ['authorization { token: "t0ken" }', 't0ken@', 'wr0ng@'],
  ])('in the address give access: %s', async (more, right, wrong) => {
    await using nats = await startNats({ extraLines: more });
    const address = (login: string) => nats.address('b').replace('://', `://${login}`);
    expect(await outcomeOf(address(right))).toBe('read');
    for (const login of [wrong, '']) {
      const outcome = await outcomeOf(address(login));
      expect(outcome).toMatch(REFUSED);
      expect(outcome).not.toContain('wr0ng');
    }
  });
});

describe('a file of credentials', () => {
  const operator = createOperator();

  it('gives access to its user; another file, an expired one and an invalid one do not', async () => {
    await using folder = await createTemporaryFolder();
    await using nats = await startNats({ extraLines: operator.config });
    const address = nats.address('b');
    const fileOf = (name: string, content: string) => written(folder, name, content);
    expect(await outcomeOf(address, { creds: await fileOf('right', operator.creds()) })).toBe('read');
    const expired = operator.creds({ expires: 1_700_000_000 });
    for (const [name, content] of [
      ['other', createOperator().creds()],
      ['expired', expired],
    ] as const) {
      expect(await outcomeOf(address, { creds: await fileOf(name, content) })).toMatch(REFUSED);
    }
    expect(await outcomeOf(address)).toMatch(REFUSED);
    const none = await fileOf('none', 's3cret but no credentials');
    expect(await outcomeOf(address, { creds: none })).toBe(
      `config: expected credentials as written by nsc in ${none} (--nats-creds); the content is invalid`,
    );
  });

  it('gives a gateway access with the permissions of docs/fleet.md, once the bucket exists', async () => {
    await using folder = await createTemporaryFolder();
    await using nats = await startNats({ extraLines: operator.config });
    const address = nats.address('b');
    const whole = { creds: await written(folder, 'whole', operator.creds()) };
    const gateway = operator.creds({ allow: gatewayPermissions('b') });
    const reader = { creds: await written(folder, 'reader', gateway) };
    expect(await outcomeOf(address, reader)).toMatch(REFUSED);
    expect(await outcomeOf(address, whole)).toBe('read');
    expect(await outcomeOf(address, reader)).toBe('read');
  });

  it('lets a publisher write only its own instances with the permissions of docs/fleet.md', async () => {
    await using folder = await createTemporaryFolder();
    await using nats = await startNats({ extraLines: operator.config });
    const address = nats.address('b');
    const whole = { creds: await written(folder, 'whole', operator.creds()) };
    expect(await outcomeOf(address, whole)).toBe('read');
    const allow = publisherPermissions('b', 'team-a.>');
    const credentials = { creds: await written(folder, 'team-a', operator.creds({ allow })) };
    await using own = startPublisher({ address, credentials, sessions: [session('team-a.ci')] });
    expect(await own.publisher.close('over', 10_000)).toEqual([]);
    expect(own.lines).toEqual([]);
    await using other = startPublisher({ address, credentials, sessions: [session('team-b.ci')] });
    expect(await other.publisher.failed).toMatchObject({
      code: 'refused',
      message: expect.stringMatching(
        /permission denied by the server \(Permissions Violation for Publish to "\$KV\.b_presence\.team-b/,
      ),
    });
  });
});

describe('a fleet with the permissions of docs/fleet.md', () => {
  /** A broker with an empty bucket, and the credentials of a gateway and of a publisher. */
  async function setUp(folder: TemporaryFolder) {
    const operator = createOperator();
    const nats = await startNats({ extraLines: operator.config });
    const address = nats.address('b');
    const fileOf = (name: string, allow?: string[]) =>
      written(folder, name, operator.creds(allow ? { allow } : {}));
    expect(await outcomeOf(address, { creds: await fileOf('whole') })).toBe('read');
    const reader = { creds: await fileOf('reader', gatewayPermissions('b')) };
    const credentials = { creds: await fileOf('team-a', publisherPermissions('b', 'team-a.>')) };
    return { nats, reader, publisher: { address, credentials } };
  }

  it('recovers from a restart of its only broker, which has lost the presence bucket', async () => {
    await using folder = await createTemporaryFolder();
    const { nats, reader, publisher } = await setUp(folder);
    await using _ = nats;
    await using early = followBucket(publisher.address, reader);
    await using __ = startPublisher({ ...publisher, sessions: [session('team-a.ci')] });
    const ci = 'team-a.ci/Tiltfile';
    await expect.poll(early.states).toEqual([`${ci} live`]);
    await nats.kill();
    await expect.poll(early.states).toEqual([`${ci} stale`]);
    await nats.start();
    await using late = followBucket(publisher.address, reader);
    await expect.poll(() => [early.states(), late.states()]).toEqual([[`${ci} live`], [`${ci} live`]]);
    await using ___ = startPublisher({ ...publisher, sessions: [session('team-a.new')] });
    const all = [`${ci} live`, 'team-a.new/Tiltfile live'];
    await expect.poll(() => [early.states(), late.states()]).toEqual([all, all]);
  });

  it('reads its Sessions while no publisher has created the presence bucket again', async () => {
    await using folder = await createTemporaryFolder();
    const { nats, reader, publisher } = await setUp(folder);
    await using _ = nats;
    const ended = startPublisher({ ...publisher, sessions: [session('team-a.ci')] });
    expect(await ended.publisher.close('over', 10_000)).toEqual([]);
    await nats.kill();
    await nats.start();
    await using gateway = followBucket(publisher.address, reader);
    await expect.poll(gateway.states).toEqual(['team-a.ci/Tiltfile gone']);
    await using __ = startPublisher({ ...publisher, sessions: [session('team-a.ci')] });
    await expect.poll(gateway.states).toEqual(['team-a.ci/Tiltfile live']);
  });
});

describe("an nkey's seed", () => {
  it('gives access to its user; another seed and an invalid one do not', async () => {
    await using folder = await createTemporaryFolder();
    const { publicKey, seed } = createNkey();
    await using nats = await startNats({ extraLines: `authorization { users: [{ nkey: ${publicKey} }] }` });
    const outcome = async (name: string, content: string) =>
      outcomeOf(nats.address('b'), { nkey: await written(folder, name, content) });
    expect(await outcome('right', `${seed}\n`)).toBe('read');
    expect(await outcome('other', createNkey().seed)).toMatch(REFUSED);
    expect(await outcome('none', 'SUs3cret')).toBe(
      `config: expected the seed of a user nkey, which begins with SU, in ${folder.file('none')} (--nats-nkey); the content is invalid`,
    );
  });
});

describe('TLS', () => {
  let nats: NatsServer;
  let folder: TemporaryFolder;
  const files = { ca: '', cert: '', key: '', otherCa: '', otherCert: '', otherKey: '' };
  beforeAll(async () => {
    folder = await createTemporaryFolder();
    const [own, other] = [await createTls(), await createTls()];
    const write = (name: string, content: string) => written(folder, name, content);
    files.ca = await write('ca.pem', own.ca);
    files.cert = await write('client.pem', own.client.cert);
    files.key = await write('client.key', own.client.key);
    files.otherCa = await write('other-ca.pem', other.ca);
    files.otherCert = await write('other.pem', other.client.cert);
    files.otherKey = await write('other.key', other.client.key);
    const [cert, key] = [
      await write('server.pem', own.server.cert),
      await write('server.key', own.server.key),
    ];
    nats = await startNats({
      extraLines: `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${files.ca}", verify: true }`,
    });
    return async () => {
      await nats[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    };
  });
  const address = () => nats.address('b').replace('nats:', 'tls:');

  it('uses the given CA and certificate', async () => {
    expect(await outcomeOf(address(), { tlsCa: files.ca, tlsCert: files.cert, tlsKey: files.key })).toBe(
      'read',
    );
  });

  it('rejects a server whose CA is unknown', async () => {
    for (const credentials of [{}, { tlsCa: files.otherCa }]) {
      expect(await outcomeOf(address(), credentials)).toMatch(
        /^config: tls:\S+\/b: the server's certificate is not trusted \(.*\); give the CA .* --nats-tls-ca/,
      );
    }
  });

  it('gives a hint when the server rejects the client certificate or requires one', async () => {
    const other = { tlsCert: files.otherCert, tlsKey: files.otherKey };
    for (const credentials of [{}, other]) {
      expect(await outcomeOf(address(), { tlsCa: files.ca, ...credentials })).toMatch(
        / \(--nats-tls-cert\)$/,
      );
    }
  });

  it.each([
    [
      'a certificate without its key',
      { tlsCert: 'cert' },
      /^config: expected both --nats-tls-cert and --nats-tls-key/,
    ],
    [
      'the key of another certificate',
      { tlsCert: 'cert', tlsKey: 'otherKey' },
      /--nats-tls-key \S+other.key cannot be used/,
    ],
    ['an invalid CA', { tlsCa: 'key' }, /^config: --nats-tls-ca \S+client.key cannot be used/],
  ] as const)('rejects %s', async (_, names, line) => {
    const credentials = Object.fromEntries(
      Object.entries(names).map(([option, name]) => [option, files[name]]),
    );
    expect(await outcomeOf(address(), credentials)).toMatch(line);
  });

  it('fails with a hint when the server does not support it', async () => {
    await using plain = await startNats();
    expect(await outcomeOf(plain.address('b').replace('nats:', 'tls:'))).toMatch(
      /^config: tls:\S+\/b: the server does not support TLS; use nats:\/\//,
    );
  });
});

describe('a server that cannot be used', () => {
  it('without JetStream is reported', async () => {
    await using nats = await startNats({ jetstream: false });
    expect(await outcomeOf(nats.address('b'))).toMatch(
      /^config: nats:\S+\/b: JetStream is required, but jetstream is not enabled; enable it/,
    );
  });

  it('older than 2.9 is reported', async () => {
    // The part of the NATS protocol that a connection needs.
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(
        'INFO {"server_id":"old","version":"2.8.4","proto":1,"max_payload":1048576,"headers":true}\r\n',
      );
      socket.on('data', (bytes) => {
        if (String(bytes).includes('PING')) socket.write('PONG\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await outcomeOf(`nats://127.0.0.1:${port}/b`)).toBe(
      `config: nats://127.0.0.1:${port}/b: expected NATS server 2.9 or newer, got 2.8.4; update the server`,
    );
    server.close();
  });
});

describe('TLS to a broker with an IP address', () => {
  it.each([
    ['of that address', ['127.0.0.1'], /^read$/],
    ['of `localhost`', ['localhost'], /^config: .*certificate is not trusted .*127\.0\.0\.1/],
    ['of another address', ['127.0.0.2'], /^config: .*certificate is not trusted .*127\.0\.0\.1/],
  ])('checks the address in a certificate %s', async (_, names, expected) => {
    await using folder = await createTemporaryFolder();
    const tls = await createTls(names);
    const cert = await written(folder, 'server.pem', tls.server.cert);
    const key = await written(folder, 'server.key', tls.server.key);
    await using nats = await startNats({ extraLines: `tls { cert_file: "${cert}", key_file: "${key}" }` });
    const address = `tls://127.0.0.1:${nats.port}/b`;
    expect(await outcomeOf(address, { tlsCa: await written(folder, 'ca.pem', tls.ca) })).toMatch(expected);
  });

  it('rejects a certificate of another name for a broker with a host name', async () => {
    await using folder = await createTemporaryFolder();
    const tls = await createTls(['127.0.0.1']);
    const cert = await written(folder, 'server.pem', tls.server.cert);
    const key = await written(folder, 'server.key', tls.server.key);
    await using nats = await startNats({ extraLines: `tls { cert_file: "${cert}", key_file: "${key}" }` });
    const address = `tls://localhost:${nats.port}/b`;
    const outcome = await outcomeOf(address, { tlsCa: await written(folder, 'ca.pem', tls.ca) });
    expect(outcome).toMatch(/^config: .*certificate is not trusted .*localhost/);
  });
});
