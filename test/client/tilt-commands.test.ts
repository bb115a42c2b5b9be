import { describe, expect, it } from 'vitest';
import { formatLogsCommand, formatTriggerCommand } from '../../src/client/tilt-commands.js';

describe('commands of Tilt', () => {
  it.each([
    ['http://localhost:10350/r/api/overview', 'api', 'tilt logs --port 10350 api'],
    ['http://127.0.0.1:4711/r/a/overview', 'my-api_1.2', 'tilt logs --port 4711 my-api_1.2'],
    ['http://localhost/r/a/overview', 'a', 'tilt logs --port 80 a'],
    ['http://localhost:10350/r/x/overview', '(Tiltfile)', "tilt logs --port 10350 '(Tiltfile)'"],
    ['http://localhost:10350/r/x/overview', "it's $(x)", String.raw`tilt logs --port 10350 'it'\''s $(x)'`],
    ['http://localhost:10350/r/x/overview', '-x', "tilt logs --port 10350 '-x'"],
    [null, 'api', null],
    ['no url', 'api', null],
  ])('the log command for the page %s of %s is %s', (url, resource, expected) => {
    expect(formatLogsCommand(url, resource)).toBe(expected);
  });

  it('the trigger command names the port of the Tilt and the resource', () => {
    expect(formatTriggerCommand('http://localhost:10350/r/lint/overview', 'lint')).toBe(
      'tilt trigger --port 10350 lint',
    );
  });
});
