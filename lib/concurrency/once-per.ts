/** A function that runs once per key. Later calls with the same key return the same promise. */
export interface OncePer<K, V> {
  (key: K): Promise<V>;
  /** Makes the next call with this key run the function again. */
  forget(key: K): void;
}

/**
 * The results are kept as long as the returned function is referenced. So use one for each pass.
 */
export function oncePer<K, V>(run: (key: K) => Promise<V>): OncePer<K, V> {
  const known = new Map<K, Promise<V>>();
  const get = (key: K): Promise<V> => {
    const promise = known.get(key) ?? run(key);
    known.set(key, promise);
    return promise;
  };
  return Object.assign(get, {
    forget: (key: K): void => {
      known.delete(key);
    },
  });
}
