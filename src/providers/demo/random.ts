/** Returns pseudo-random numbers from 0 up to 1, the same ones for the same seed. */
export type Random = () => number;

/** Creates a Mulberry32 generator (Tommy Ettinger): 32 bits of state, random enough for a demo. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns an integer from `min` to `max`, inclusive. */
export function between(random: Random, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** Returns a random item of a list. */
export function pick<T>(random: Random, list: readonly [T, ...T[]]): T {
  return list[Math.floor(random() * list.length)] ?? list[0];
}

/** Returns a UUID of version 4. */
export function uuid(random: Random): string {
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => between(random, 0, 15).toString(16)).join('');
  const variant = between(random, 8, 11).toString(16);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${variant}${hex(3)}-${hex(12)}`;
}
