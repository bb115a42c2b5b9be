import { describe, expect, it } from 'vitest';
import { blockOf } from './pages.js';

describe('the documented container image', () => {
  it('the image creates the folders that npm packs into, which npm does not create itself', () => {
    const dockerfile = blockOf('docs/deployment.md', 'dockerfile');
    const folders = [...dockerfile.matchAll(/--pack-destination (\S+)/g)].map(([, folder]) => folder);
    expect(folders).not.toEqual([]);
    for (const folder of folders) {
      const [before = ''] = dockerfile.split(`--pack-destination ${folder}`);
      expect(before).toMatch(new RegExp(`\\bmkdir (?:-p )?${folder}(?:\\s|$)`));
    }
  });
});
