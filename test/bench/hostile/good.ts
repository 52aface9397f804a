/** The good tenants, who only do their work, and the check of the work that a pass did for them. */
import pLimit from 'p-limit';
import { type Api, path } from '../../../tools/control-plane/api.ts';
import { type BenchWorkload, workloadsOf } from '../load.ts';
import type { Size } from '../size.ts';

/** Two Deployments per tenant, each with two ConfigMaps and a Secret. */
export function goodTenants(count: number): Size {
  return {
    name: 'medium',
    namespaces: count,
    deployments: 2 * count,
    optedIn: 2 * count,
    referencesEach: 3,
    referencesOfOthers: 0,
    secrets: 2 * count,
    configMaps: 4 * count,
  };
}

export const ofGoodTenant = /^team-/;

/** The config hash on the template of each Deployment, by `namespace/name`. */
export type Hashes = ReadonlyMap<string, string | undefined>;

let changes = 0;

/**
 * Changes one source of each tenant. The rounds alternate between its Deployments, and go through the sources
 * of each.
 *
 * @returns the Deployments that use a changed source
 */
export async function changeOneEach(api: Api, good: Size, round: number): Promise<BenchWorkload[]> {
  changes += 1;
  const value = `${process.pid}-${changes}`;
  const concerned = workloadsOf(good).filter((_, i) => i % 2 === round % 2);
  await atOnce(concerned, async ({ namespace, configMaps, secrets }) => {
    const sources = [
      ...configMaps.map((name) => path('ConfigMap', namespace, name)),
      ...secrets.map((name) => path('Secret', namespace, name)),
    ];
    const source = sources[Math.floor(round / 2) % sources.length] ?? '';
    // Base64 text is valid as a value of a ConfigMap and of a Secret.
    const edited = Buffer.from(value).toString('base64');
    await api.patch(source, { data: { edited } });
  });
  return concerned;
}

export async function hashesOf(api: Api, good: Size): Promise<Hashes> {
  const hashes = await atOnce(workloadsOf(good), async ({ namespace, name }) => {
    const { spec } = await api.get<Templated>(path('Deployment', namespace, name));
    return [
      `${namespace}/${name}`,
      spec.template.metadata.annotations?.['wave.pusher.com/config-hash'],
    ] as const;
  });
  return new Map(hashes);
}

export interface Rolled {
  readonly asked: number;
  /** The number of rolled Deployments that use a changed source. */
  readonly done: number;
  /** The number of rolled Deployments that use no changed source. */
  readonly unasked: number;
}

export function rolledBetween(
  before: Hashes,
  after: Hashes,
  concerned: readonly BenchWorkload[],
): Rolled {
  const asked = new Set(concerned.map(({ namespace, name }) => `${namespace}/${name}`));
  const rolled = [...after].filter(([name, hash]) => hash !== before.get(name));
  const done = rolled.filter(([name]) => asked.has(name)).length;
  return { asked: asked.size, done, unasked: rolled.length - done };
}

type Templated = {
  spec: { template: { metadata: { annotations?: Record<string, string> } } };
};

async function atOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const limit = pLimit(16);
  return await Promise.all(items.map((item) => limit(work, item)));
}
