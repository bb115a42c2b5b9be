import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { proxyFromEnvironment } from '../../../src/providers/tilt/proxy.js';
import { followTilt } from '../../support/follow-tilt.js';
import type { KubeconfigEntry } from '../../support/kubeconfig-file.js';
import { createManualClock } from '../../support/manual-clock.js';
import { type ProxyServer, startHttpProxy, startSocksProxy } from '../../support/proxy-server.js';
import { startRawServer } from '../../support/raw-server.js';
import { sessionJson } from '../../support/session-json.js';
import { createTiltServer, type TiltServer } from '../../support/tilt-server.js';

describe('the proxy of the environment, by the rules of Go,', () => {
  const proxyOf = (server: string, env: Record<string, string>) =>
    proxyFromEnvironment(new URL(server), env)?.href ?? null;

  test.each<[string, Record<string, string>, string | null]>([
    ['https://h', {}, null],
    ['https://h', { HTTPS_PROXY: 'http://p:1' }, 'http://p:1/'],
    ['https://h', { https_proxy: 'http://p:1' }, 'http://p:1/'],
    ['https://h', { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' }, 'http://upper/'],
    ['https://h', { HTTP_PROXY: 'http://p:1', ALL_PROXY: 'http://p:1' }, null],
    ['http://h', { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://q' }, 'http://p:1/'],
    ['https://h', { HTTPS_PROXY: 'p:3128' }, 'http://p:3128/'],
    ['https://h', { HTTPS_PROXY: 'socks5://p:1' }, 'socks5://p:1'],
  ])('for %s with %o is %s', (server, env, expected) => {
    expect(proxyOf(server, env)).toBe(expected);
  });

  test.each<[string, string, boolean]>([
    ['https://localhost:1', '', false],
    ['https://127.0.0.1:1', '', false],
    ['https://127.9.9.9:1', '', false],
    ['https://[::1]:1', '', false],
    ['https://h.example', '*', false],
    ['https://h.example', 'other, H.EXAMPLE', false],
    ['https://sub.h.example', 'h.example', false],
    ['https://nah.example', 'h.example', true],
    ['https://h.example', '.h.example', true],
    ['https://sub.h.example', '.h.example', false],
    ['https://sub.h.example', '*.h.example', false],
    ['https://h.example', '*.h.example', true],
    ['https://h.example:6443', 'h.example:6443', false],
    ['https://h.example:6443', 'h.example:443', true],
    ['https://h.example', 'h.example:443', false],
    ['https://10.1.2.3', '10.0.0.0/8', false],
    ['https://11.1.2.3', '10.0.0.0/8', true],
    ['https://10.1.2.3', '10.1.2.3', false],
    ['https://10.1.2.3:1', '10.1.2.3:2', true],
    ['https://10.1.2.3', '2.3', true],
    ['https://[fd00::1]', 'fd00::/8', false],
    ['https://[fd00::1]:1', '[fd00::1]:1', false],
    ['https://[fd00::1]', 'fd00::1', false],
    ['https://[fd00::2]', 'fd00::1', true],
    ['https://h.example', ', ,:443', true],
  ])('for %s with NO_PROXY=%j is used: %s', (server, noProxy, isUsed) => {
    expect(proxyOf(server, { HTTPS_PROXY: 'http://p', NO_PROXY: noProxy }) !== null).toBe(isUsed);
  });

  test('is rejected by the name of its variable, without its value, which may contain a password, when it is no URL', () => {
    expect(() => proxyOf('https://h', { HTTPS_PROXY: 'ftp://me:secret@p' })).toThrow(
      /^HTTPS_PROXY: expected an http:, https: or socks5: URL, got something else$/,
    );
  });
});

describe('a Tilt behind a proxy', () => {
  const HOST = 'tilt.example';

  /** Reads the Session of a server that only the proxy can resolve. */
  async function reach(
    server: TiltServer,
    entry: Omit<KubeconfigEntry, 'server'>,
    env: Record<string, string> = {},
  ): Promise<unknown> {
    const url = server.url.replace('127.0.0.1', HOST);
    await using tilt = await followTilt(
      { server: server, ...entry, cluster: { server: url, ...entry.cluster } },
      { env },
    );
    const read = async () => {
      await tilt.until(() => tilt.sessions.has('Tiltfile'));
      await server.until(() => server.openWatches === 1);
      server.put(sessionJson({ uid: 'a', status: { pid: 77 } }));
      await tilt.until(() => tilt.sessions.get('Tiltfile')?.status.pid === 77);
      return 'reached';
    };
    return await Promise.race([read(), tilt.ended]);
  }

  const serverFor = (plain = false) =>
    createTiltServer({ sessions: [sessionJson({ uid: 'a' })], plain, ...(plain ? {} : { names: [HOST] }) });
  const uniqueHosts = ({ requestedHosts }: ProxyServer) => [
    ...new Set(requestedHosts.map((host) => host.replace(/:\d+$/, ''))),
  ];

  test('named by proxy-url is reached with CONNECT, list and watch, and its certificate is verified', async () => {
    await using server = await serverFor();
    await using proxy = await startHttpProxy();
    expect(await reach(server, { cluster: { 'proxy-url': `http://${proxy.address}` } })).toBe('reached');
    expect(uniqueHosts(proxy)).toEqual([HOST]);
    await using stranger = await createTiltServer({ sessions: [sessionJson()], names: ['other.example'] });
    expect(await reach(stranger, { cluster: { 'proxy-url': `http://${proxy.address}` } })).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/ through the proxy 127\.0\.0\.1:\d+: Hostname\/IP does not match/),
    });
  });

  test('named by HTTPS_PROXY is reached through it, and directly with NO_PROXY', async () => {
    await using server = await serverFor();
    await using proxy = await startHttpProxy();
    const env = { HTTPS_PROXY: `http://${proxy.address}` };
    expect(await reach(server, {}, env)).toBe('reached');
    expect(proxy.requestedHosts.length).toBeGreaterThan(0);
    expect(await reach(server, {}, { ...env, NO_PROXY: HOST })).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/tilt\.example/),
    });
  });

  test('on the loopback interface is never reached through HTTPS_PROXY, but through proxy-url', async () => {
    await using server = await createTiltServer({ sessions: [sessionJson({ uid: 'a' })] });
    await using proxy = await startHttpProxy();
    const local = { cluster: { server: server.url } };
    expect(await reach(server, local, { HTTPS_PROXY: `http://${proxy.address}` })).toBe('reached');
    expect(proxy.requestedHosts).toEqual([]);
    const named = { cluster: { ...local.cluster, 'proxy-url': `http://${proxy.address}` } };
    expect(await reach(server, named)).toBe('reached');
    expect(uniqueHosts(proxy)).toEqual(['127.0.0.1']);
  });

  test('with a login is reached with the credentials of its URL, and rejected on one line without them', async () => {
    await using server = await serverFor();
    await using proxy = await startHttpProxy({ authorization: `Basic ${btoa('me:p@ss')}` });
    const by = (login: string) => ({ cluster: { 'proxy-url': `http://${login}${proxy.address}` } });
    expect(await reach(server, by('me:p%40ss@'))).toBe('reached');
    expect(await reach(server, by('me:wrong@'))).toMatchObject({
      code: 'refused',
      message: `the proxy ${proxy.address} answers HTTP 407 Proxy Authentication Required`,
    });
  });

  test('with SOCKS 5 is reached, and the proxy resolves the name', async () => {
    await using server = await serverFor();
    await using proxy = await startSocksProxy();
    expect(await reach(server, { cluster: { 'proxy-url': `socks5://${proxy.address}` } })).toBe('reached');
    expect(uniqueHosts(proxy)).toEqual([HOST]);
  });

  test('without TLS is reached with requests to an HTTP proxy, and through SOCKS 5', async () => {
    await using server = await serverFor(true);
    await using http = await startHttpProxy();
    await using socks = await startSocksProxy();
    expect(await reach(server, {}, { HTTP_PROXY: `http://${http.address}` })).toBe('reached');
    expect(await reach(server, { cluster: { 'proxy-url': `socks5://${socks.address}` } })).toBe('reached');
    expect([uniqueHosts(http), uniqueHosts(socks)]).toEqual([[HOST], [HOST]]);
  });

  test('that disappears is unreachable', async () => {
    await using server = await serverFor();
    const proxy = await startHttpProxy();
    const entry = { cluster: { 'proxy-url': `http://${proxy.address}` } };
    const url = server.url.replace('127.0.0.1', HOST);
    await using tilt = await followTilt({ server: server, cluster: { server: url, ...entry.cluster } });
    await server.until(() => server.openWatches === 1);
    await proxy[Symbol.asyncDispose]();
    const away = {
      code: 'unreachable',
      message: expect.stringContaining(`through the proxy ${proxy.address}: `),
    };
    expect(await tilt.ended).toMatchObject(away);
    expect(await reach(server, entry)).toMatchObject(away);
  });

  test('that never responds is unreachable after 10 s, and the connection to it is closed', async () => {
    const clock = createManualClock();
    await using server = await serverFor();
    const sockets: Socket[] = [];
    await using silent = await startRawServer((socket) => void sockets.push(socket.resume()));
    const cluster = { 'proxy-url': silent.url };
    await using tilt = await followTilt({ server: server, cluster }, { clock });
    await expect.poll(() => sockets.length).toBe(1);
    await clock.advance(10_000);
    expect(await tilt.ended).toMatchObject({
      code: 'unreachable',
      message: `${server.url}: no answer within 10 s`,
    });
    await expect.poll(() => sockets[0]?.destroyed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
