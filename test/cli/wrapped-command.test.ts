import { describe, expect, it } from 'vitest';
import { orphanWarning } from '../../src/cli/wrapped-command.js';

describe('publish with a command', () => {
  it('publish warns process 1 of a container that orphans are not reaped, and names --init', () => {
    expect(orphanWarning(1)).toMatch(/process 1, .* --init$/);
    expect(orphanWarning(2)).toBeNull();
  });
});
