import { describe, expect, it } from 'vitest';
import { describeMissingLog } from '../../../src/dashboard/state/target-watches.js';

const ID = 'tilt-default/Tiltfile';
const START = 'Logs are not available: start the gateway with --logs next to Tilt.';

describe('the reason why a Session has no log', () => {
  it('is that of its own source', () => {
    const sources = [
      { name: 'tilt', unavailable: ['logs: of another source'] },
      { name: 'tilt-default', unavailable: ['clusters: 404 Not Found', 'logs: the token was rejected'] },
    ];
    expect(describeMissingLog(ID, sources)).toBe('Logs are not available: the token was rejected');
  });

  it('is the missing option if its source gives no reason, and if the sources are not known', () => {
    const sources = [{ name: 'tilt-default', unavailable: ['clusters: 404 Not Found'] }];
    expect(describeMissingLog(ID, sources)).toBe(START);
    expect(describeMissingLog(ID, null)).toBe(START);
  });

  it('is the other gateway if it comes from a source of many Tilts, such as a bucket', () => {
    expect(describeMissingLog(ID, [{ name: 'fleet', unavailable: [] }])).toBe(
      'Logs are not available here: only the gateway next to this Tilt can follow them.',
    );
  });
});
