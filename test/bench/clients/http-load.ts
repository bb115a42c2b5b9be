import { connect } from 'node:net';
import { answerCalls } from '../processes/answer-calls.js';
import { nanoseconds, type Usage, usage } from '../processes/usage.js';
import { createResponseReader } from './response-reader.js';

/** A load of connections that each send the next request as soon as the answer arrives. */
export interface LoadOptions {
  readonly port: number;
  readonly query: string;
  readonly connections: number;
  /** Value of `Accept-Encoding`. Default: none. */
  readonly acceptEncoding?: string;
  readonly seconds: number;
}

/** Result of a load run. */
export interface LoadResult {
  /** Number of answers with status 200, and with any other status. */
  readonly answers: number;
  readonly failures: number;
  /** Bytes that have arrived. */
  readonly bytes: number;
  /** Body of the first answer. */
  readonly body: string;
  /** Response times in milliseconds: an even sample of at most 20,000. */
  readonly samples: readonly number[];
}

/** API of the process that loads an HTTP server. */
export type HttpLoadApi = {
  run(options: LoadOptions): Promise<LoadResult>;
  usage(options: { readonly collect?: boolean }): Usage;
};

const buffer = Buffer.allocUnsafeSlow(256 * 1024);

const api: HttpLoadApi = { run, usage };
answerCalls(api);

async function run({ port, query, connections, seconds, acceptEncoding }: LoadOptions): Promise<LoadResult> {
  const request = requestOf(port, query, acceptEncoding);
  const end = nanoseconds() + seconds * 1e9;
  const times: number[] = [];
  let failures = 0;
  let bytes = 0;
  const onBytes = (size: number) => {
    bytes += size;
  };
  let body = '';
  const onAnswer = (status: number, text: string, ms: number): boolean => {
    if (status === 200) times.push(ms);
    else failures += 1;
    body ||= text;
    return nanoseconds() < end;
  };
  await Promise.all(
    Array.from({ length: connections }, () =>
      ask({ port, request, onAnswer, onBytes, wantsBody: () => body === '' }),
    ),
  );
  const every = Math.ceil(times.length / 20_000);
  const samples = times.filter((_, index) => index % every === 0);
  return { answers: times.length, failures, bytes, body, samples };
}

/** Request of a connection, and callbacks. */
interface AskOptions {
  readonly port: number;
  readonly request: Buffer;
  readonly onAnswer: (status: number, body: string, ms: number) => boolean;
  readonly onBytes: (size: number) => void;
  readonly wantsBody: () => boolean;
}

/** Sends requests over one connection until `onAnswer` returns false. */
function ask({ port, request, onAnswer, onBytes, wantsBody }: AskOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    let sent = 0;
    const responses = createResponseReader((status, body) => {
      if (onAnswer(status, body, (nanoseconds() - sent) / 1e6)) send();
      else socket.destroy();
    }, wantsBody);
    const onread = {
      buffer,
      callback(size: number) {
        onBytes(size);
        responses.take(buffer, size);
        return true;
      },
    };
    const socket = connect({ host: '127.0.0.1', port, onread });
    socket.setNoDelay();
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('close', () => resolve());

    function send(): void {
      sent = nanoseconds();
      socket.write(request);
    }
  });
}

function requestOf(port: number, query: string, acceptEncoding?: string): Buffer {
  const body = JSON.stringify({ query });
  const head = [
    'POST /graphql HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    'accept: application/json',
    `content-length: ${body.length}`,
    'connection: keep-alive',
    ...(acceptEncoding === undefined ? [] : [`accept-encoding: ${acceptEncoding}`]),
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
