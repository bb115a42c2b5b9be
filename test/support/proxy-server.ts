import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from 'node:net';
import type { TestTls } from './tls.js';

/** A proxy on a free local port. It connects to 127.0.0.1 regardless of the requested host. */
export interface ProxyServer extends AsyncDisposable {
  /** `host:port`. */
  readonly address: string;
  /** Requested hosts with ports, in order. */
  readonly requestedHosts: readonly string[];
  /** Destroys every connection. */
  cut(): void;
}

/** Options of an HTTP proxy. */
export interface HttpProxyOptions {
  /** Required `Proxy-Authorization` header. Default: no authentication. */
  readonly authorization?: string;
  /** Default: no TLS. */
  readonly tls?: TestTls;
}

/** Starts an HTTP proxy that supports CONNECT and absolute URLs. */
export async function startHttpProxy({ authorization, tls }: HttpProxyOptions = {}): Promise<ProxyServer> {
  const requestedHosts: string[] = [];
  const isAllowed = ({ headers }: IncomingMessage) =>
    authorization === undefined || headers['proxy-authorization'] === authorization;
  const forward = (incoming: IncomingMessage, response: ServerResponse) => {
    const url = new URL(incoming.url ?? '');
    requestedHosts.push(url.host);
    const onward = request(
      { port: url.port, path: url.pathname + url.search, headers: incoming.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        response.flushHeaders();
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
  };
  const server = tls ? createHttpsServer(tls.server, forward) : createHttpServer(forward);
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    requestedHosts.push(incoming.url ?? '');
    if (!isAllowed(incoming)) return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const port = Number(incoming.url?.split(':').at(-1));
    return connectToPort(socket, port, () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'));
  });
  return listen(server, requestedHosts);
}

/**
 * Starts a SOCKS 5 proxy without authentication (RFC 1928). It supports CONNECT to a name or an IPv4
 * address.
 */
export function startSocksProxy(): Promise<ProxyServer> {
  const requestedHosts: string[] = [];
  const server = createTcpServer((socket) => {
    socket.once('data', () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once('data', (bytes: Buffer) => {
        const isName = bytes[3] === 3;
        const end = isName ? 5 + (bytes[4] ?? 0) : 8;
        const host = isName ? bytes.toString('latin1', 5, end) : bytes.subarray(4, end).join('.');
        const port = bytes.readUInt16BE(end);
        requestedHosts.push(`${host}:${port}`);
        connectToPort(socket, port, () => socket.write(Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0)));
      });
    });
  });
  return listen(server, requestedHosts);
}

/** Pipes a client socket to a local port, in both directions. */
function connectToPort(client: Socket, port: number, onConnected: () => void): void {
  const onward = connect(port, '127.0.0.1', () => {
    onConnected();
    onward.pipe(client).pipe(onward);
  });
  for (const [one, other] of [
    [client, onward],
    [onward, client],
  ] as const) {
    one.on('error', () => {});
    one.on('close', () => other.destroy());
  }
}

async function listen(server: Server, requestedHosts: readonly string[]): Promise<ProxyServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    address: `127.0.0.1:${port}`,
    requestedHosts,
    cut,
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
