/** Numbers from 0 up to 1 that look random and are the same for the same seed. */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger), a generator of 32 bits of state: small, and random enough for a show. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A whole number from `least` to `most`, both included. */
export function between(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

/** One of the list's items. */
export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** A UUID of version 4. */
export function uuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => between(random, 0, 15).toString(16)).join('');
  const variant = between(random, 8, 11).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
