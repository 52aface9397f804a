/** The client of users and tools. The server handles its requests immediately, without faults. */
import { type KubernetesObject, path } from '../../../tools/control-plane/api.ts';
import type { SimulatedServer } from '../server/server.ts';
import { at, namespaces, sources, workloads } from './names.ts';
import type { Place } from './steps.ts';

type PatchType = 'merge' | 'strategic-merge';

export class Kubectl {
  readonly #server: SimulatedServer;

  constructor(server: SimulatedServer) {
    this.#server = server;
  }

  /** @returns undefined for each status except 2xx */
  get(where: string): KubernetesObject | undefined {
    return this.#send('GET', where);
  }

  list(where: string): readonly KubernetesObject[] {
    const found = this.#send('GET', where) as { items?: KubernetesObject[] } | undefined;
    return found?.items ?? [];
  }

  create(where: string, object: object): KubernetesObject | undefined {
    return this.#send('POST', where, object);
  }

  replace(where: string, object: object): KubernetesObject | undefined {
    return this.#send('PUT', where, object);
  }

  patch(where: string, body: object, type: PatchType = 'merge'): KubernetesObject | undefined {
    return this.#send('PATCH', where, body, `application/${type}-patch+json`);
  }

  annotate(
    where: string,
    annotations: Readonly<Record<string, string | null>>,
  ): KubernetesObject | undefined {
    return this.patch(where, { metadata: { annotations } });
  }

  delete(where: string, propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'): void {
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy };
    this.#send('DELETE', where, propagationPolicy === undefined ? undefined : options);
  }

  #send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    where: string,
    body?: object,
    type = 'application/json',
  ): KubernetesObject | undefined {
    const { status, text } = this.#server.handle({
      ...{ method, path: where, user: 'admin' },
      headers: { 'user-agent': 'kubectl', accept: 'application/json', 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (status >= 500) throw new Error(`${method} ${where}: ${status} ${text}`);
    return status < 300 ? (JSON.parse(text) as KubernetesObject) : undefined;
  }
}

export const namespaceOf = (place: number): string => at(namespaces, place);

export function workloadPath({ namespace, workload }: Place): string {
  const { kind, name } = at(workloads, workload);
  return path(kind, namespaceOf(namespace), name);
}

export function sourcePath(namespace: number, source: number): string {
  const { kind, name } = at(sources, source);
  return path(kind, namespaceOf(namespace), name);
}

/** The path of the collection in which an object is created. */
export const collection = (where: string): string => where.slice(0, where.lastIndexOf('/'));
