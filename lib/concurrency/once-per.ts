/** A function that runs once per key: later calls return the same promise. */
export interface OncePer<K, V> {
  (key: K): Promise<V>;
  /** Makes the next call run it again. */
  forget(key: K): void;
}

/** Keeps its results as long as it is referenced: for one pass. */
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
