import { describe, expect, it } from 'vitest';
import { blocksOf, readPage } from './pages.js';

describe('docs/run-with-tilt.md', () => {
  it('shows an optional resource that is the complete one, and depends on no argument of the Tiltfile', () => {
    const [resource = '', optional = ''] = blocksOf([readPage('docs/run-with-tilt.md')]).map(
      ({ code }) => code,
    );
    expect(resource).toContain('readiness_probe=');
    const indented = resource.replace(/^(?=.)/gm, '    ');
    expect(optional).toBe(`if os.getenv('TILT_GRAPHQL_GATEWAY'):\n${indented}`);
  });
});
