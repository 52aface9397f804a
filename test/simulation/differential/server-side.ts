/** One of the two servers, with the generated values in its responses so far. */
import type { Json } from '../server/json.ts';
import type { SimulatedAnswer, SimulatedRequest } from '../server/server.ts';

export type Send = (request: SimulatedRequest) => Promise<SimulatedAnswer>;

interface Seen {
  uid: string;
  versions: string[];
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The alphabet of the hashes that controllers generate. */
const someHash = /(?<![a-z0-9])[bcdfghjklmnpqrstvwxz2456789]{5,10}(?![a-z0-9])/g;
const unknownUid = '99999999-9999-4999-8999-999999999999';

/**
 * Replaces generated values of one server with names that are equal for both servers. The name of a uid
 * is the name of the object and the number of earlier objects with this name. The name of a version is
 * its place in the order of the object's versions.
 */
export class Names {
  readonly #uids = new Map<string, string>();
  readonly #objects = new Map<string, Seen>();
  readonly #counts = new Map<string, number>();
  readonly #hashes = new Map<string, string>();
  #undo: (() => void)[] = [];
  /** The continue token of the last page. */
  token = '';

  /** Starts to record changes, which `forget` undoes. */
  remember(): void {
    this.#undo = [];
  }

  /** Undoes everything since `remember`, because the objects were only in an intermediate state. */
  forget(): void {
    for (const undo of this.#undo.toReversed()) undo();
    this.#undo = [];
  }

  /** Records an object of a response. */
  see(kind: string, metadata: Readonly<Record<string, unknown>>): void {
    const { name, uid, resourceVersion } = metadata;
    if (typeof name !== 'string' || typeof uid !== 'string') return;
    const key = keyFor(kind, name);
    if (!this.#uids.has(uid)) {
      const count = (this.#counts.get(key) ?? 0) + 1;
      const before = this.#objects.get(key);
      this.#counts.set(key, count);
      this.#uids.set(uid, `uid of ${key} number ${count}`);
      this.#objects.set(key, { uid, versions: [] });
      this.#undo.push(() => {
        this.#counts.set(key, count - 1);
        this.#uids.delete(uid);
        if (before === undefined) this.#objects.delete(key);
        else this.#objects.set(key, before);
      });
    }
    const seen = this.#objects.get(key);
    if (seen?.uid !== uid || typeof resourceVersion !== 'string') return;
    if (seen.versions.includes(resourceVersion)) return;
    seen.versions.push(resourceVersion);
    this.#undo.push(() => seen.versions.pop());
  }

  /**
   * The place of a version in the order of the recorded versions, with a note if it is older than the
   * version before it.
   */
  versionName(kind: string, name: string, version: string): string {
    const versions = this.#objects.get(keyFor(kind, name))?.versions ?? [];
    const at = versions.indexOf(version);
    const isInOrder = at <= 0 || Number(versions[at - 1]) < Number(version);
    return `version ${at}${isInOrder ? '' : ' which is older than the one before'}`;
  }

  /** Records the hash in the name of a ReplicaSet or a ControllerRevision. */
  seeHash(prefix: string, hash: string): void {
    if (hash === '' || this.#hashes.has(hash)) return;
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    this.#hashes.set(hash, `hash ${count} of ${prefix}`);
    this.#undo.push(() => {
      this.#counts.set(prefix, count - 1);
      this.#hashes.delete(hash);
    });
  }

  inText(text: string): string {
    const named = text.replace(uuid, (uid) => this.#uids.get(uid) ?? uid);
    if (this.#hashes.size === 0) return named;
    return named.replace(someHash, (hash) => this.#hashes.get(hash) ?? hash);
  }

  /** Replaces the placeholders `$uid:ConfigMap/a`, `$rv:ConfigMap/a` and `$old:ConfigMap/a`. */
  filledIn(text: string): string {
    return text.replace(/\$(uid|rv|old):([\w/.-]+)/g, (_, what: string, key: string) => {
      const seen = this.#objects.get(key);
      if (what === 'uid') return seen?.uid ?? unknownUid;
      const versions = seen?.versions ?? [];
      return (what === 'rv' ? versions.at(-1) : versions[0]) ?? '1';
    });
  }
}

/** A sequence has only one namespace, so the key is the same for each name. */
const keyFor = (kind: string, name: string): string =>
  kind === 'Namespace' ? 'Namespace/own' : `${kind}/${name}`;

export type Body = { readonly [field: string]: Json } | string;

export interface Answer {
  readonly status: number;
  readonly body: Body;
}
