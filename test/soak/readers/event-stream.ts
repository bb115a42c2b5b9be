import { type IncomingMessage, request as sendRequest } from 'node:http';
import { type Connect, variablesOf } from './connection.js';

/** Over server-sent events, of one operation. */
export const connectEventStream: Connect = (url, [operation], handlers) => {
  const { query, variables, since } = operation ?? { query: '', variables: {}, since: null };
  // A cursor goes in either place: clients of GraphQL give it as a variable, browsers by themselves as a header.
  const asHeader = since?.endsWith('0') === true;
  const body = JSON.stringify({
    query,
    variables: asHeader ? variables : variablesOf({ query, variables, since }),
  });
  let hasLeft = false;
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
  request.on('error', ({ message }) => lose(message));
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
    leave() {
      hasLeft = true;
      request.destroy();
    },
  };

  function open(opened: IncomingMessage): void {
    response = opened;
    const { statusCode, headers } = opened;
    if (statusCode !== 200 || !headers['content-type']?.startsWith('text/event-stream')) {
      lose(`answered with ${statusCode} ${headers['content-type']}`);
      return;
    }
    if (!hasLeft) handlers.onOpen();
    let text = '';
    opened.setEncoding('utf8');
    opened.on('data', (chunk: string) => {
      const events = (text + chunk).split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) if (!hasLeft) take(event);
    });
    opened.on('error', ({ message }) => lose(message));
    opened.on('close', () => lose('closed'));
    if (isPaused) opened.pause();
  }

  function take(event: string): void {
    const data = /^data: (.*)$/m.exec(event)?.[1];
    if (data !== undefined) handlers.onResult(0, JSON.parse(data));
    else if (event.startsWith('event: complete')) lose('completed by the gateway');
  }

  function lose(why: string): void {
    if (hasLeft) return;
    hasLeft = true;
    request.destroy();
    handlers.onLost(why);
  }
};
