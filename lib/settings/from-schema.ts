/**
 * The type of the values that a schema accepts. It supports only the parts of JSON Schema that the
 * settings use. If a value has a default, it is always present. A group is always present too. The
 * type does not come from a library, because the declarations of the package contain the type, and
 * users of the package would need that library too.
 */
export type FromSchema<S> = S extends { enum: readonly (infer E)[] }
  ? E
  : S extends { type: 'string' }
    ? string
    : S extends { type: 'integer' }
      ? number
      : S extends { type: readonly (infer T)[] }
        ? Either<T>
        : S extends { type: 'array'; items: infer I }
          ? readonly FromSchema<I>[]
          : S extends { type: 'object'; properties: infer P; required: readonly (infer R)[] }
            ? Merge<Entry<P, R>>
            : S extends { type: 'object'; properties: infer P }
              ? Merge<Given<P> & MaybeGiven<P>>
              : S extends { type: 'object' }
                ? object
                : never;

type Either<T> = T extends 'boolean' ? boolean : FromSchema<{ type: T }>;

type IsAlwaysGiven<S> = S extends { default: unknown } | { type: 'object' } ? true : false;

type Given<P> = {
  readonly [K in keyof P as IsAlwaysGiven<P[K]> extends true ? K : never]: FromSchema<P[K]>;
};

type MaybeGiven<P> = {
  readonly [K in keyof P as IsAlwaysGiven<P[K]> extends true ? never : K]?: FromSchema<P[K]>;
};

/** A mapping in which the required members are always present. Its members have no defaults. */
type Entry<P, R> = {
  readonly [K in keyof P as K extends R ? K : never]: FromSchema<P[K]>;
} & { readonly [K in keyof P as K extends R ? never : K]?: FromSchema<P[K]> };

/** An intersection as one object. */
type Merge<T> = { [K in keyof T]: T[K] };
