/**
 * A pure function of an immutable object, computed once per object. Its results live as long as their objects, so that
 * keeping them for the whole process neither leaks memory nor shows anybody another's state.
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
