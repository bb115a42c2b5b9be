import { describe, expect, it } from 'vitest';
import { readResponse } from './http-responses.js';

const read = (text: string, isClosed = false, mayBeHead = false) =>
  readResponse(Buffer.from(text, 'latin1'), { isClosed, mayBeHead });

describe('the HTTP response reader of the fuzzer', () => {
  it('ends a response at its length, at its last chunk, or when the connection closes', () => {
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

  it('returns null for an incomplete response', () => {
    for (const text of ['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no', 'HT']) {
      expect(read(text)).toBeNull();
    }
    expect(read('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')).toBeNull();
  });

  it('accepts a length without a body for a HEAD request', () => {
    expect(read('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n', false, true)).toMatchObject({ status: 200 });
  });

  it.each([
    ['HTTP/2 200 OK\r\n\r\n', 'not an HTTP response'],
    ['HTTP/1.1 999 OK\r\n\r\n', 'status line'],
    ['HTTP/1.1 200 OK\r\nno colon\r\n\r\n', 'header'],
    ['HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n', 'header'],
    ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n', 'content-length'],
    ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'chunk'],
  ])('rejects a malformed response: %j', (text, why) => {
    expect(() => read(text)).toThrow(why);
  });
});
