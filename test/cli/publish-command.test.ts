import { describe, expect, it } from 'vitest';
import { orphanWarning } from '../../src/cli/publish-command.js';

describe('`publish` with a command', () => {
  it('warns as process 1 of a container that orphans are not collected, and names --init', () => {
    expect(orphanWarning(1)).toMatch(/process 1, .* --init$/);
    expect(orphanWarning(2)).toBeNull();
  });
});
