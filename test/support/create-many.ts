/**
 * Creates `count` values in batches. A thousand simultaneous connections exceed the listen backlog of a
 * server.
 */
export async function createMany<T>(count: number, make: () => Promise<T>, atOnce = 50): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const some = Array.from({ length: Math.min(atOnce, count - made.length) }, make);
    made.push(...(await Promise.all(some)));
  }
  return made;
}
