import { createServer } from 'node:http';
import { bigQuery, smallQuery } from '../data/operations.js';
import { control } from './control.js';
import { listen } from './listen.js';

// The lower bound for servers on `node:http`: reads the request and sends prepared bytes.
control(async ({ services }) => {
  const small = bytesOf(smallQuery.expected({ services, stream: 0, n: 0 }));
  let big = bytesOf(bigQuery.expected({ services, stream: 0, n: 0 }));
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const answer = body.includes('targets') ? big : small;
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
      response.end(answer);
    });
  });
  const port = await listen(server);
  return {
    port,
    emit(_stream, n) {
      big = bytesOf(bigQuery.expected({ services, stream: 0, n }));
    },
  };
});

function bytesOf(data: unknown): Buffer {
  return Buffer.from(JSON.stringify({ data }));
}
