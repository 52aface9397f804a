/** Installs a shipped form of wave-cron on the tests' control plane, with a node agent that runs its Pods. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Fields } from '../../tools/control-plane/api.ts';
import { type Audit, type AuditEntry, auditFromHere } from '../../tools/control-plane/audit.ts';
import { deleteNamespace, randomName, testCluster } from '../../tools/control-plane/testing.ts';
import type { Image } from '../../tools/node-agent/images.ts';
import {
  type NodeAgent,
  type NodeAgentOptions,
  startNodeAgent,
} from '../../tools/node-agent/node-agent.ts';
import { build, objectOf, overlay, runKubectl } from './kustomize.ts';

export type InstallOptions = Pick<NodeAgentOptions, 'backOff'> & {
  form: 'cronjob' | 'deployment';
  image: Image;
  /** The namespaces of the applications. */
  namespaces: readonly string[];
  /** The complete settings.yaml. */
  settings: Fields;
  components?: readonly string[];
  /** More resources of the overlay, by file name. */
  files?: Readonly<Record<string, string>>;
  /** More fields of the overlay, such as patches and replicas. */
  overlay?: Fields;
};

export type Installation = {
  namespace: string;
  /** The name of the CronJob or Deployment, of its ServiceAccount and of its roles. */
  name: string;
  agent: NodeAgent;
  /** Returns all requests of the installation's ServiceAccount since the installation. */
  requests(): Promise<AuditEntry[]>;
  /** Runs `kubectl delete -k` without waiting for the end of the namespace. */
  uninstall(): Promise<void>;
};

const image = { newName: 'registry.example.com/wave-cron', newTag: 'test' };

/** The patch that gives the admission policies the annotation prefix of the settings. */
function policyPrefix({ annotationPrefix }: Fields): object[] {
  if (annotationPrefix === undefined) return [];
  const value = { name: 'prefix', expression: `'${annotationPrefix}'` };
  const patch = JSON.stringify([{ op: 'replace', path: '/spec/variables/0', value }]);
  return [{ target: { kind: 'ValidatingAdmissionPolicy', name: 'wave-cron-workloads' }, patch }];
}

/**
 * Installs with `kubectl apply -k`, through an overlay with the same changes as a user's: namespace, image,
 * settings. Each installation has its own name suffix, because all tests of a cluster share the ClusterRoles.
 */
export async function install(
  t: Pick<TestContext, 'after'>,
  options: InstallOptions,
): Promise<Installation> {
  const { cluster } = testCluster();
  const { form, namespaces, settings, components = [], files = {}, backOff, ...fields } = options;
  const namespace = randomName('test-wave-cron');
  const folder = overlay(
    {
      resources: [form, ...Object.keys(files)],
      components,
      namespace,
      nameSuffix: namespace.replace(/.*(?=-)/, ''),
      images: [{ name: 'wave-cron', ...image }],
      configMapGenerator: [
        { name: 'wave-cron-settings', behavior: 'replace', files: ['settings.yaml'] },
      ],
      ...fields.overlay,
      patches: [...policyPrefix(settings), ...((fields.overlay?.['patches'] ?? []) as object[])],
    },
    { ...files, 'settings.yaml': JSON.stringify(settings) },
  );
  const objects = await build(folder);
  // With the component `namespaced`, the namespace must already exist.
  const isLimited = objects.every(({ kind }) => kind !== 'Namespace');
  if (isLimited) await runKubectl('create', 'namespace', namespace);
  const { name } = objectOf(objects, 'ServiceAccount').metadata;

  const audit: Audit = await auditFromHere(cluster);
  const agent = await startNodeAgent({
    cluster,
    namespaces: [namespace, ...namespaces],
    images: { [`${image.newName}:${image.newTag}`]: fields.image },
    ...(backOff === undefined ? {} : { backOff }),
  });
  const uninstall = async () => {
    await runKubectl('delete', '-k', folder, '--wait=false', '--ignore-not-found');
  };
  t.after(async () => {
    await uninstall();
    await deleteNamespace(namespace);
    await agent.stop();
  });
  const { stderr } = await runKubectl('apply', '-k', folder);
  assert.equal(stderr, '', 'nothing is warned about');
  return {
    namespace,
    name,
    agent,
    requests: () => audit.entries({ user: `system:serviceaccount:${namespace}:${name}` }),
    uninstall,
  };
}
