import { expect, it } from 'vitest';
import { isWebLink } from '../../../src/dashboard/model/web-links.js';

it.each([
  ['http://localhost:8080/', true],
  ['HTTPS://example.com', true],
  ['javascript:alert(1)', false],
  [' java\nscript:alert(1)', false],
  ['data:text/html,x', false],
  ['file:///etc/passwd', false],
  ['postgres://localhost:5432', false],
  ['//example.com', false],
  ['localhost:8080', false],
  ['', false],
])('whether the address %j becomes a link: %s', (url, expected) => {
  expect(isWebLink(url)).toBe(expected);
});
