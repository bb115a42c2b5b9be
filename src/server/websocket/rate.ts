/** How often something may happen, or how much of it: `perSecond` on average, twice as many at once (a token bucket). */
export class Rate {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** @param now milliseconds since any moment */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#at = now;
  }

  /** Whether it may happen `count` times more, which it then counts as. A clock that was put back gives nothing. */
  take(now: number, count = 1): boolean {
    const gained = (Math.max(now - this.#at, 0) / 1_000) * this.#perSecond;
    this.#left = Math.min(this.#left + gained, 2 * this.#perSecond);
    this.#at = now;
    if (this.#left < count) return false;
    this.#left -= count;
    return true;
  }
}
