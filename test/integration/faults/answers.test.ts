import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { degraded, greenJson, HEALTHY } from '../../support/followed-session.js';
import { startRawServer } from '../../support/raw-server.js';
import { startTiltGateway } from '../../support/tilt-gateway.js';
import { createTiltServer } from '../../support/tilt-server.js';
import { sharedTls } from '../../support/tls.js';

/** Sends the same response to each request. */
const respond = (text: string | Uint8Array) => (socket: Socket) =>
  void socket.once('data', () => socket.end(text));

const html = '<html>\n<title>Sign in</title>\n</html>';

describe('another server at the address of Tilt', () => {
  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['no HTTP', respond('SSH-2.0-OpenSSH_9.6\r\n'), /Parse Error/],
    ['random bytes', respond(Uint8Array.from({ length: 10_000 }, (_, index) => index % 256)), /Parse Error/],
    ['no data before the end', respond(''), /127\.0\.0\.1/],
    [
      'another protocol (101)',
      respond('HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
      /ended without an answer/,
    ],
    ['incomplete headers', respond('HTTP/1.1 200 OK\r\ncontent-ty'), /127\.0\.0\.1/],
    [
      '1 MB of headers',
      respond(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(2 ** 20)}\r\n\r\n`),
      /Parse Error: Header overflow/,
    ],
    ['an incomplete response', respond('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"kind":'), /aborted/],
    [
      'invalid chunks',
      respond('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'),
      /Parse Error|aborted/,
    ],
    [
      'a sign-in page',
      respond(`HTTP/1.1 200 OK\r\ncontent-length: ${html.length}\r\n\r\n${html}`),
      /expected JSON/,
    ],
    [
      'a redirect',
      respond('HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1:1\r\ncontent-length: 0\r\n\r\n'),
      /HTTP 302/,
    ],
    ['no content', respond('HTTP/1.1 204 No Content\r\n\r\n'), /HTTP 204/],
    ['an empty response', respond('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'), /expected JSON/],
    [
      'another kind of list',
      respond('HTTP/1.1 200 OK\r\n\r\n{"kind":"PodList","items":[]}'),
      /"SessionList", got "PodList"/,
    ],
  ])(
    'another server at the address of Tilt leaves the last good state STALE with the reason: %s',
    async (_, onConnection, reason) => {
      const tls = await sharedTls();
      await using server = await createTiltServer({ sessions: [greenJson()] });
      await using other = await startRawServer(onConnection, tls);
      await using gateway = await startTiltGateway({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
      await server.stop();
      await gateway.updateKubeconfig({ 'tilt-default': { server: { url: other.url, token: 'x', tls } } });
      await gateway.untilSource({ state: 'STALE', error: expect.stringMatching(reason) });
      await gateway.session().until(degraded('STALE', reason));
      await server.restart();
      await gateway.updateKubeconfig({ 'tilt-default': server });
      await gateway.session().until(HEALTHY);
    },
  );
});
