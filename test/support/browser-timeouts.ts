import { vi } from 'vitest';

/** Lets the tests of this file wait for as long as a browser may take on a machine that does much else. */
export function useBrowserTimeouts(): void {
  vi.setConfig({
    testTimeout: 180_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 20 } },
  });
}
