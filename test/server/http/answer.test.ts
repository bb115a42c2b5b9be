import { describe, expect, it } from 'vitest';
import { createAnswer, isKnown } from '../../../src/server/http/answer.js';

const TYPE = 'application/json; charset=utf-8';

describe('a serialised response', () => {
  it('a serialised response has its bytes, its length, and an ETag that depends on bytes and media type', () => {
    const answer = createAnswer('{"data":"ä"}', TYPE);
    expect(answer.body.toString()).toBe('{"data":"ä"}');
    expect(answer.headers).toMatchObject({ 'content-type': TYPE, 'content-length': '13', etag: answer.etag });
    expect(createAnswer('{"data":"ä"}', TYPE).etag).toBe(answer.etag);
    expect(createAnswer('{"data":"a"}', TYPE).etag).not.toBe(answer.etag);
    expect(createAnswer('{"data":"ä"}', 'application/graphql-response+json').etag).not.toBe(answer.etag);
  });

  it('a short response in ISO 8859-1 characters is also kept as a string', () => {
    expect(createAnswer('{"data":"a"}', TYPE).latin1).toBe('{"data":"a"}');
    expect(createAnswer('{"data":"ä"}', TYPE).latin1).toBeNull();
    expect(createAnswer(`"${'a'.repeat(4_095)}"`, TYPE).latin1).toBeNull();
  });

  it('a serialised response retains no more memory than its bytes', () => {
    expect(createAnswer('{}', TYPE).body.buffer.byteLength).toBe(2);
  });

  const { etag, ...rest } = createAnswer('{}', TYPE);
  it.each([
    ['GET', etag, true],
    ['GET', ` W/${etag} `, true],
    ['GET', `"a,b",W/"c" , ${etag}`, true],
    ['GET', ' * ', true],
    ['GET', '"*"', false],
    ['GET', etag.slice(1, -1), false],
    ['GET', `${etag.slice(0, -1)}x"`, false],
    ['GET', '', false],
    ['GET', undefined, false],
    ['POST', etag, false],
    [undefined, etag, false],
  ])('%s with If-None-Match %s matches the response: %s', (method, ifNoneMatch, expected) => {
    expect(isKnown({ etag, ...rest }, method, ifNoneMatch)).toBe(expected);
  });
});
