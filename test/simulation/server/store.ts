export interface StoredObject {
  readonly [field: string]: unknown;
}

export interface Store {
  readonly objects: Map<string, StoredObject>;
}

export const createStore = (): Store => ({ objects: new Map() });
