import { describe, expect, it } from 'vitest';
import { parseKey } from '../../src/nats/message-format.js';
import {
  decodeReport,
  encodeReport,
  formatReportKey,
  toPresenceSubject,
} from '../../src/nats/presence-report.js';

describe('a report of a publisher', () => {
  it('lists the Sessions that are alive, in JSON that people can read', () => {
    const report = { publisher: 'host:1:a', keys: ['a.b.Tiltfile', 'a.c.Tiltfile'] };
    expect(encodeReport(report)).toBe(
      '{"version":1,"publisher":"host:1:a","sessions":{"a.b.Tiltfile":"live","a.c.Tiltfile":"live"}}',
    );
    expect(decodeReport(encodeReport(report))).toEqual(report);
  });

  it('does not list Sessions in another state, which a later version may report', () => {
    expect(decodeReport('{"version":1,"publisher":"p","sessions":{"a.x":"live","b.x":"left"}}')).toEqual({
      publisher: 'p',
      keys: ['a.x'],
    });
  });

  it.each([
    '',
    'host:1:a',
    '{',
    '{"version":2,"publisher":"p","sessions":{}}',
    '{"version":1,"sessions":{}}',
  ])('is not read from %j', (text) => {
    expect(decodeReport(text)).toBeNull();
  });

  it('has a key in the instance of a Session, of its run and number alone', () => {
    const key = formatReportKey('team-a.ada.Tiltfile', 'host:1:a', 2);
    expect(key).toBe('team-a.ada.host=3a1=3aa=232');
    expect(parseKey(key)).toEqual({ instance: 'team-a.ada', name: 'host:1:a#2' });
  });

  it.each([
    ['>', '>'],
    ['*.ci.>', '>'],
    ['team-a.>', 'team-a.>'],
    ['team-a.ada.>', 'team-a.>'],
    ['team-a.ada.Tiltfile', 'team-a.>'],
  ])('is found by a gateway of %s with the subject %s', (subject, expected) => {
    expect(toPresenceSubject(subject)).toBe(expected);
  });
});
