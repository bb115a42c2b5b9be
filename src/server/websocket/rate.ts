/** Rate limit (token bucket): `perSecond` on average, bursts of twice as many. */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** @param now time of a monotonic clock, in milliseconds */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#at = now;
  }

  /** Takes `count` tokens if there are as many. A clock that goes back adds none. */
  take(now: number, count = 1): boolean {
    const gained = (Math.max(now - this.#at, 0) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#left + gained, 2 * this.#perSecond);
    this.#at = now;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
