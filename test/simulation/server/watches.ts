/** Open watches. Each watch gets the changes of its objects as lines of JSON. */
import { type JsonMap, mapOf } from './json.ts';
import { predicateOf } from './list.ts';
import { partOf, type Route } from './route.ts';
import type { SimulatedRequest } from './server.ts';
import type { Change, Store } from './store.ts';
import { objectText, statusText } from './text.ts';

interface Watch {
  take(change: Change): void;
  bookmark(): void;
  end(): void;
}

export class Watches {
  readonly #open = new Set<Watch>();

  take(change: Change): void {
    for (const watch of [...this.#open]) watch.take(change);
  }

  /** Sends a bookmark with the current version to each watch that requested bookmarks. */
  bookmark(): void {
    for (const watch of [...this.#open]) watch.bookmark();
  }

  /** Ends all watches, as the API server does after a timeout. */
  endAll(): void {
    for (const watch of [...this.#open]) watch.end();
  }

  open(
    store: Store,
    route: Route,
    request: SimulatedRequest,
    line: (text: string) => void,
    ended: () => void,
  ): () => void {
    const { resource, namespace, query } = route;
    const part = partOf(request);
    const predicate = predicateOf(route) ?? (() => true);
    const text = (object: JsonMap) => objectText(resource, object, part);
    const watch: Watch = {
      take({ type, stored, before }) {
        if (stored.resource !== resource) return;
        if (namespace !== undefined && stored.namespace !== namespace) return;
        const was = before !== undefined && predicate(before.object);
        const is = type !== 'DELETED' && predicate(stored.object);
        if (!was && !is) return;
        const seen = is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED';
        const object = is ? stored.object : withVersion(before?.object ?? {}, stored.version);
        line(`{"type":"${seen}","object":${text(object)}}`);
      },
      bookmark() {
        if (query.get('allowWatchBookmarks') !== 'true') return;
        const metadata = { resourceVersion: String(store.version) };
        line(`{"type":"BOOKMARK","object":${text({ metadata })}}`);
      },
      end: () => {
        if (this.#open.delete(watch)) ended();
      },
    };
    this.#open.add(watch);
    this.#begin(store, route, watch, line);
    return () => {
      this.#open.delete(watch);
    };
  }

  #begin(
    store: Store,
    { resource, namespace, query }: Route,
    watch: Watch,
    line: (text: string) => void,
  ): void {
    const since = query.get('resourceVersion') ?? '';
    if (since === '' || since === '0') {
      for (const stored of store.list(resource, namespace)) {
        watch.take({ version: stored.version, type: 'ADDED', stored, before: undefined });
      }
      return;
    }
    const version = Number(since);
    if (version < store.compacted) {
      const message = `too old resource version: ${version} (${store.compacted})`;
      const status = statusText({ code: 410, reason: 'Expired', message });
      line(`{"type":"ERROR","object":${status}}`);
      watch.end();
      return;
    }
    for (const change of store.changesSince(version, resource, namespace)) watch.take(change);
  }
}

/** A deleted object has the version of its deletion. */
const withVersion = (object: JsonMap, version: number): JsonMap => ({
  ...object,
  metadata: { ...mapOf(object['metadata']), resourceVersion: String(version) },
});
