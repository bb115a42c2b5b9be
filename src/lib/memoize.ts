/**
 * Caches a pure function of an immutable object. A result lives as long as its object, so that a cache of the
 * whole process neither leaks memory nor exposes one client's state to another.
 */
export function memoize<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const results = new WeakMap<K, { readonly value: V }>();
  return (key) => {
    let known = results.get(key);
    if (known === undefined) {
      known = { value: compute(key) };
      results.set(key, known);
    }
    return known.value;
  };
}
