import { type IncomingMessage, request as sendRequest } from 'node:http';
import { type Connect, operationVariables } from './connection.js';

/** Connects with server-sent events. Supports one operation. */
export const connectEventStream: Connect = (url, [operation], handlers) => {
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
    if (!isClosed) handlers.onOpen();
    let text = '';
    opened.setEncoding('utf8');
    opened.on('data', (chunk: string) => {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) if (!isClosed) take(event);
    });
    opened.on('error', ({ message }) => handleDisconnect(message));
    opened.on('close', () => handleDisconnect('closed'));
    if (isPaused) opened.pause();
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
};
