/** How long to wait before the next gateway is tried, in milliseconds. */
export interface Backoff {
  /** A gateway was lost. */
  failed(): number;
  /** A gateway has been well for a while. */
  healthy(): void;
}

/**
 * Between half of a ceiling and all of it, which is 0.25 s at first and doubles up to 2.5 s. So a thousand clients that lost
 * one gateway do not come back in one tick, and none waits longer than a person would.
 *
 * @param gateways how many there are: where there are others, each is tried once without a wait
 */
export function createBackoff(gateways: number, random: () => number): Backoff {
  let failures = 0;
  return {
    failed() {
      failures += 1;
      if (failures < gateways) return 0;
      const round = Math.min(Math.floor((failures - gateways) / gateways), 10);
      const ceilingMs = Math.min(FIRST_MS * 2 ** round, LONGEST_MS);
      return ceilingMs * (0.5 + random() / 2);
    },
    healthy() {
      failures = 0;
    },
  };
}

const FIRST_MS = 250;
const LONGEST_MS = 2_500;
