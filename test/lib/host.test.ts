import { describe, expect, it } from 'vitest';
import { bareHost, isLoopback } from '../../src/lib/host.js';

describe('hosts', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.3.2.1', true],
    ['::1', true],
    ['localhost', true],
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.7', false],
    ['127.0.0.1.example.org', false],
  ])('the address %s is loopback: %s', (host, outcome) => {
    expect(isLoopback(host)).toBe(outcome);
  });

  it('the host of a URL with an IPv6 address has no brackets', () => {
    expect(bareHost(new URL('https://[::1]:8443'))).toBe('::1');
    expect(bareHost(new URL('https://localhost:8443'))).toBe('localhost');
  });
});
