import { expect, test } from 'vitest';
import { parseRetryAfter, responseError, statusMessage } from '../../../src/providers/tilt/response-error.js';
import { readHttpRecording } from '../../support/recording.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');
const URL = 'https://127.0.0.1:1/x';

test("responseError contains the server's message and a hint for a wrong token, 403 from Tilt", () => {
  const { status, body } = readHttpRecording('list-403-wrong-token');
  const error = responseError({ kind: 'sessions', url: URL, status, body, retryAfter: undefined }, NOW);
  expect(error).toMatchObject({ code: 'refused', retryAfterMs: null });
  expect(error.message).toMatch(
    /^https:\/\/127\.0\.0\.1:1\/x: HTTP 403: permission denied for the credentials in the kubeconfig: sessions\.tilt\.dev is forbidden: User "system:anonymous"/,
  );
});

test('responseError asks whether the server is a Tilt for 404', () => {
  const error = responseError(
    { kind: 'sessions', url: URL, status: 404, body: '404 page not found', retryAfter: undefined },
    NOW,
  );
  expect(error.message).toBe(
    `${URL}: HTTP 404: it does not serve Sessions of tilt.dev/v1alpha1; check that it is a Tilt: 404 page not found`,
  );
});

test('responseError contains the status of a response without a message', () => {
  expect(
    responseError({ kind: 'sessions', url: URL, status: 503, body: '', retryAfter: '2' }, NOW),
  ).toMatchObject({
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
])('parseRetryAfter reads %j as %j ms', (header, expected) => {
  expect(parseRetryAfter(header, NOW)).toBe(expected);
});

test('statusMessage is one short line for any body', () => {
  expect(statusMessage('<html>\n  <b>Bad\tGateway</b>\n')).toBe('<html> <b>Bad Gateway</b>');
  expect(statusMessage('{"message":"a\\nb"}')).toBe('a b');
  expect(statusMessage('{"message":5}')).toBe('{"message":5}');
  expect(statusMessage('x'.repeat(10_000))).toHaveLength(300);
});
