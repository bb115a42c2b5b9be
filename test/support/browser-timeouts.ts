import { vi } from 'vitest';

/** Raises the timeouts of the current test file to what a browser needs on a busy machine. */
export function useBrowserTimeouts(): void {
  vi.setConfig({
    testTimeout: 180_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000, interval: 20 } },
  });
}
