/**
 * The definitions of workload kinds of other APIs. The definitions of Argo Rollouts and OpenKruise come from
 * their Go modules, in the version of go.mod. OpenShift and Knative serve their kinds in other ways, so the
 * tests use stand-ins: definitions with the same group, version, kind and plural that accept every object.
 * Stand-ins are enough to test requests, patches, references and permissions, but not defaults, validation or
 * controllers.
 */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pLimit from 'p-limit';
import { parse } from 'yaml';
import { type CustomKind, workloadEntry } from '../../../lib/kubernetes/kinds.ts';
import { ApiError, type Fields } from '../../../tools/control-plane/api.ts';
import { randomName, testCluster } from '../../../tools/control-plane/testing.ts';

const modulesFolder = join(import.meta.dirname, '../../../tools/control-plane/go');
const modules = [
  {
    folder: 'argo-rollouts',
    module: 'github.com/argoproj/argo-rollouts',
    // The controller of Argo Rollouts needs all of these definitions.
    files: [
      'rollout',
      'analysis-run',
      'analysis-template',
      'cluster-analysis-template',
      'experiment',
    ].map((name) => `manifests/crds/${name}-crd.yaml`),
  },
  {
    folder: 'kruise',
    module: 'github.com/openkruise/kruise',
    files: ['clonesets', 'statefulsets'].map(
      (plural) => `config/crd/bases/apps.kruise.io_${plural}.yaml`,
    ),
  },
] as const satisfies readonly GoModule[];

export const rollout = 'Rollout.v1alpha1.argoproj.io';
export const cloneSet = 'CloneSet.v1alpha1.apps.kruise.io';
export const advancedStatefulSet = 'StatefulSet.v1beta1.apps.kruise.io';
export const deploymentConfig = 'DeploymentConfig.v1.apps.openshift.io';
export const knativeService = 'Service.v1.serving.knative.dev';
/** A kind about which wave-cron knows nothing except that it has a pod template. */
export const unknown = 'Widget.v1.kinds.wave-cron.test';

export const allKinds = [
  rollout,
  cloneSet,
  advancedStatefulSet,
  deploymentConfig,
  knativeService,
  unknown,
] as const;

export type Definition = { metadata: { name: string } };

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

type GoModule = {
  /** Its folder in tools/control-plane/go. */
  readonly folder: string;
  readonly module: string;
  readonly files: readonly string[];
};

/** Reads definitions from a Go module, whose content go.sum verifies. */
export async function definitionsOf({ folder, module, files }: GoModule): Promise<Definition[]> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', module], {
    cwd: join(modulesFolder, folder),
    env: { ...process.env, GOFLAGS: '-mod=readonly', GOWORK: 'off' },
  });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return files.map((file) => parse(readFileSync(join(Dir, file), 'utf8')) as Definition);
}

export type Definable = {
  scope?: 'Namespaced' | 'Cluster';
  /** Default: the usual plural of the kind. */
  plural?: string;
};

/** The definition of a kind whose objects are not validated. */
export function definition(name: CustomKind, { scope = 'Namespaced', plural }: Definable = {}) {
  const { kind, group, version, plural: usual } = workloadEntry(name);
  const names = { kind, plural: plural ?? usual, singular: kind.toLowerCase() };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: {
      ...{ group, scope, names },
      versions: [
        {
          ...{ name: version, served: true, storage: true, subresources: { status: {} } },
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  };
}

/** Adds all kinds above to the cluster. They are not removed, because no other test uses them. */
export async function defineAllKinds(): Promise<void> {
  const standIns = [deploymentConfig, knativeService, unknown] as const;
  const ofModules = (await Promise.all(modules.map(definitionsOf))).flat();
  const all = [...ofModules, ...standIns.map((kind) => definition(kind))];
  await pLimit(4).map(all, define);
}

export async function define(object: Definition): Promise<void> {
  const { api } = testCluster();
  try {
    await api.post(definitions, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
  await api.waitFor<{ status?: { conditions?: { type: string; status: string }[] } }>(
    `${definitions}/${object.metadata.name}`,
    (it) =>
      it?.status?.conditions?.some(
        ({ type, status }) => type === 'Established' && status === 'True',
      ) === true,
  );
  await served(object as unknown as ReturnType<typeof definition>);
}

async function served({ spec }: ReturnType<typeof definition>): Promise<void> {
  const { api } = testCluster();
  for (const { name } of spec.versions.filter((each) => each.served)) {
    const isThere = (list: { resources: { name: string }[] } | undefined) =>
      list?.resources.some((each) => each.name === spec.names.plural) === true;
    await api.waitFor(`/apis/${spec.group}/${name}`, isThere);
    for (;;) {
      try {
        await api.text(`/apis/${spec.group}/${name}/${spec.names.plural}?limit=1`);
        break;
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
        await sleep(40);
      }
    }
  }
}

/** Defines a kind that only this test uses. `remove` resolves when the cluster no longer serves the kind. */
export async function ownKind(t: Pick<TestContext, 'after'>, options: Definable = {}) {
  const group = `${randomName('kinds')}.wave-cron.test`;
  const kind: CustomKind = `Widget.v1.${group}`;
  const object = definition(kind, options);
  const { api } = testCluster();
  const path = `${definitions}/${object.metadata.name}`;
  await define(object);
  t.after(() => api.delete(path));
  const remove = async () => {
    await api.delete(path);
    await api.waitFor(`/apis/${group}/v1`, (it) => it === undefined);
  };
  return { kind, remove };
}

/** The path of an object of this kind, or of the collection if there is no name. */
export function pathOf(name: CustomKind, namespace: string, object?: string, plural?: string) {
  const { group, version, plural: usual } = workloadEntry(name);
  const collection = `/apis/${group}/${version}/namespaces/${namespace}/${plural ?? usual}`;
  return object === undefined ? collection : `${collection}/${object}`;
}

/** An opted-in object. */
export function customWorkload(
  name: CustomKind,
  object: {
    namespace: string;
    name: string;
    annotations?: Record<string, string>;
    pod?: Fields;
    spec?: Fields;
  },
) {
  const { kind, group, version } = workloadEntry(name);
  const { annotations = {}, namespace, pod = {}, spec = {} } = object;
  const labels = { app: object.name };
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { namespace, name: object.name, annotations },
    spec: {
      ...(name === knativeService ? {} : { replicas: 0, selector: selectorOf(name, labels) }),
      ...(name === deploymentConfig ? { triggers: [{ type: 'ConfigChange' }] } : {}),
      ...(name === rollout ? { strategy: { canary: {} } } : {}),
      template: { metadata: { labels }, spec: pod },
      ...spec,
    },
  };
}

function selectorOf(name: CustomKind, matchLabels: Record<string, string>): Fields {
  return name === deploymentConfig ? matchLabels : { matchLabels };
}
