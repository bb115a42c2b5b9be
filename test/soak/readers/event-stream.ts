import { type IncomingMessage, request as sendRequest } from 'node:http';
import { createGunzip } from 'node:zlib';
import { type Connect, type Connection, operationVariables } from './connection.js';

/** Connects with server-sent events. Supports one operation. */
export const connectEventStream: Connect = (...args) => connect(false, ...args);

/** Connects with server-sent events that are compressed. */
export const connectCompressedEventStream: Connect = (...args) => connect(true, ...args);

function connect(isCompressed: boolean, ...[url, [operation], handlers]: Parameters<Connect>): Connection {
  const { query, variables, since } = operation ?? { query: '', variables: {}, since: null };
  // A cursor is accepted in both places: GraphQL clients send it as a variable, browsers as a header.
  const asHeader = since?.endsWith('0') === true;
  const body = JSON.stringify({
    query,
    variables: asHeader ? variables : operationVariables({ query, variables, since }),
  });
  let isClosed = false;
  let isPaused = false;
  let response: IncomingMessage | null = null;
  const request = sendRequest(url, {
    method: 'POST',
    agent: false,
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      accept: 'text/event-stream',
      ...(isCompressed && { 'accept-encoding': 'gzip' }),
      ...(asHeader && { 'last-event-id': since }),
    },
  });
  request.on('response', open);
  request.on('error', ({ message }) => handleDisconnect(message));
  request.end(body);

  return {
    pause() {
      isPaused = true;
      response?.pause();
    },
    resume() {
      isPaused = false;
      response?.resume();
    },
    close() {
      isClosed = true;
      request.destroy();
    },
  };

  function open(opened: IncomingMessage): void {
    response = opened;
    const { statusCode, headers } = opened;
    if (statusCode !== 200 || !headers['content-type']?.startsWith('text/event-stream')) {
      handleDisconnect(`answered with ${statusCode} ${headers['content-type']}`);
      return;
    }
    if (isCompressed && headers['content-encoding'] !== 'gzip') {
      handleDisconnect('answered without compression');
      return;
    }
    if (!isClosed) handlers.onOpen();
    let text = '';
    onText(opened, (chunk) => {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) if (!isClosed) take(event);
    });
    opened.on('error', ({ message }) => handleDisconnect(message));
    opened.on('close', () => handleDisconnect('closed'));
    if (isPaused) opened.pause();
  }

  function onText(opened: IncomingMessage, takeText: (text: string) => void): void {
    if (!isCompressed) {
      opened.setEncoding('utf8').on('data', takeText);
      return;
    }
    const gunzip = createGunzip();
    // Not piped: a pipe would resume a reader that stalls.
    opened.on('data', (chunk: Buffer) => gunzip.write(chunk));
    opened.on('close', () => gunzip.destroy());
    gunzip.setEncoding('utf8').on('data', takeText);
    gunzip.on('error', ({ message }) => handleDisconnect(message));
  }

  function take(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data !== undefined) handlers.onResult(0, JSON.parse(data));
    else if (event.startsWith('event: complete')) handleDisconnect('completed by the gateway');
  }

  function handleDisconnect(why: string): void {
    if (isClosed) return;
    isClosed = true;
    request.destroy();
    handlers.onDisconnect(why);
  }
}
