import { expect, test } from 'vitest';
import { parseRetryAfter, responseError, statusMessage } from '../../../src/providers/tilt/request.js';
import { readHttpRecording } from '../../support/recording.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const URL = 'https://127.0.0.1:1/x';

test('a wrong token, 403 from Tilt, says what the server says and where to look', () => {
  const { status, body } = readHttpRecording('list-403-wrong-token');
  const error = responseError({ url: URL, status, body, retryAfter: undefined }, NOW);
  expect(error).toMatchObject({ code: 'refused', retryAfterMs: null });
  expect(error.message).toMatch(
    /^https:\/\/127\.0\.0\.1:1\/x: HTTP 403: permission denied for the credentials in the kubeconfig: sessions\.tilt\.dev is forbidden: User "system:anonymous"/,
  );
});

test('what is not known there is likely no Tilt', () => {
  const error = responseError(
    { url: URL, status: 404, body: '404 page not found', retryAfter: undefined },
    NOW,
  );
  expect(error.message).toBe(
    `${URL}: HTTP 404: it has no Sessions of tilt.dev/v1alpha1; is it a Tilt?: 404 page not found`,
  );
});

test('a refusal without a word is told by its status', () => {
  expect(responseError({ url: URL, status: 503, body: '', retryAfter: '2' }, NOW)).toMatchObject({
    message: `${URL}: HTTP 503`,
    retryAfterMs: 2000,
  });
});

test.each([
  ['7', 7000],
  [' 0 ', 0],
  ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
  ['Sunday, 22-Nov-26 12:00:30 GMT', 30_000],
  ['Sun Nov 22 12:00:30 2026 GMT', 30_000],
  ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
  [undefined, null],
  ['', null],
  ['-5', null],
  ['1.5', null],
  ['soon', null],
  ['Someday, maybe', null],
])('Retry-After %j is %j ms', (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test('a message is one line and short, whatever the body is', () => {
  expect(statusMessage('<html>\n  <b>Bad\tGateway</b>\n')).toBe('<html> <b>Bad Gateway</b>');
  expect(statusMessage('{"message":"a\\nb"}')).toBe('a b');
  expect(statusMessage('{"message":5}')).toBe('{"message":5}');
  expect(statusMessage('x'.repeat(10_000))).toHaveLength(300);
});
