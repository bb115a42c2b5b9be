import type { IncomingHttpHeaders } from 'node:http';

/** The header that a request's id comes and goes in. */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Short, and harmless in a log line, a header and a shell. */
const HARMLESS = /^[\w.-]{1,64}$/;

/**
 * The id of a request: the one it came with, so that it can be followed through proxies, unless that is long or strange;
 * else one of 16 characters that is made here.
 *
 * @param random gives numbers from 0 up to 1
 */
export function requestIdOf(headers: IncomingHttpHeaders, random: () => number): string {
  const given = headers[REQUEST_ID_HEADER];
  if (typeof given === 'string' && HARMLESS.test(given)) return given;
  return eightDigits(random) + eightDigits(random);
}

function eightDigits(random: () => number): string {
  return Math.floor(random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
