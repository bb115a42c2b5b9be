import { describe, expect, it } from 'vitest';
import { readResponse } from './http-responses.js';

const read = (text: string, isClosed = false, mayBeHead = false) =>
  readResponse(Buffer.from(text, 'latin1'), { isClosed, mayBeHead });

describe('a response', () => {
  it('ends where its length says, where its last chunk is, or with the connection', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokmore')).toMatchObject({
      status: 200,
      body: Buffer.from('ok'),
      length: 40,
    });
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n')).toMatchObject({
      body: Buffer.from('ok'),
    });
    expect(read('HTTP/1.1 400 Bad Request\r\n\r\nrest', true)).toMatchObject({ body: Buffer.from('rest') });
    expect(read('HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n')).toMatchObject({ status: 304 });
  });

  it('is not there while some of it is missing', () => {
    for (const text of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no', 'HT']) {
      expect(read(text)).toBeNull();
    }
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')).toBeNull();
  });

  it('to a HEAD may have a length without a body', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', false, true)).toMatchObject({ status: 200 });
  });

  it.each([
    ['HTTP/2 200 OK\r\n\r\n', 'no response'],
    ['HTTP/1.1 999 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'header'],
    ['HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n', 'header'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'content-length'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'chunk'],
  ])('is refused when it is malformed: %j', (text, why) => {
    expect(() => read(text)).toThrow(why);
  });
});
