/** A function that is run once for each key: whoever asks again gets the same promise. */
export interface OncePer<K, V> {
  (key: K): Promise<V>;
  /** Lets the next one who asks run it again. */
  forget(key: K): void;
}

/** Remembers what was read for as long as it is kept itself: for one pass. */
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
