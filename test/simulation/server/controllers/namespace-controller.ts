/**
 * Creates the first objects of each namespace, and removes the content of a namespace that is being
 * deleted.
 */
import { at, type JsonMap, listOf, mapOf } from '../json.ts';
import { allResources, resources } from '../resources.ts';
import type { Stored } from '../store.ts';
import {
  asController,
  type Controller,
  type ControllerDeps,
  controllerOf,
  metadataOf,
  stepName,
  tryTo,
} from './controller.ts';

const name = 'namespace controller';
const rootCertificate = 'kube-root-ca.crt';
const description =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

export function namespaceController(deps: ControllerDeps): Controller {
  return controllerOf(name, () => {
    const steps = deps.store.list(resources.namespaces).flatMap((each) => stepsFor(deps, each));
    return new Map(steps);
  });
}

type Steps = [string, () => void][];

function stepsFor(deps: ControllerDeps, namespace: Stored): Steps {
  const isDeleting = metadataOf(namespace)['deletionTimestamp'] !== undefined;
  if (isDeleting) return deletionSteps(deps, namespace);
  const { store, writer } = deps;
  const own = { namespace: namespace.name, name: rootCertificate };
  const make = (metadata: JsonMap, rest: JsonMap) => () => {
    const { configMaps: kind } = resources;
    tryTo(() => writer.create(kind, namespace.name, { metadata, ...rest }, asController));
  };
  const steps: Steps = [];
  if (store.get(resources.configMaps, namespace.name, rootCertificate) === undefined) {
    const metadata = {
      name: rootCertificate,
      annotations: { 'kubernetes.io/description': description },
    };
    const create = make(metadata, { data: { 'ca.crt': 'a certificate' } });
    steps.push([stepName(name, 'create', resources.configMaps, own), create]);
  }
  if (store.get(resources.serviceAccounts, namespace.name, 'default') === undefined) {
    const create = () => {
      const object = { metadata: { name: 'default' } };
      tryTo(() => writer.create(resources.serviceAccounts, namespace.name, object, asController));
    };
    steps.push([
      stepName(name, 'create', resources.serviceAccounts, { ...own, name: 'default' }),
      create,
    ]);
  }
  return steps;
}

function deletionSteps(deps: ControllerDeps, namespace: Stored): Steps {
  const { store, deleter } = deps;
  const content = allResources.flatMap((resource) =>
    resource.isNamespaced ? store.list(resource, namespace.name) : [],
  );
  if (content.length === 0) {
    return [
      [stepName(name, 'finish', resources.namespaces, namespace), () => finish(deps, namespace)],
    ];
  }
  const left = content.filter((each) => metadataOf(each)['deletionTimestamp'] === undefined);
  return left.map((each) => [
    stepName(name, 'delete', each.resource, each),
    () => {
      const options = { propagationPolicy: 'Background', gracePeriodSeconds: undefined };
      const any = { ...options, uid: '', resourceVersion: '' };
      tryTo(() => deleter.delete(each.resource, each.namespace, each.name, any, asController));
    },
  ]);
}

/** Removes the controller's finalizer. Without other finalizers, this deletes the namespace. */
function finish({ store, writer }: ControllerDeps, { name: own }: Stored): void {
  const live = store.get(resources.namespaces, '', own);
  if (live === undefined) return;
  const finalizers = listOf(at(live.object, 'spec', 'finalizers')).filter(
    (each) => each !== 'kubernetes',
  );
  const hasOthers = listOf(metadataOf(live)['finalizers']).length > 0;
  if (finalizers.length === 0 && !hasOthers) {
    store.remove(live);
    return;
  }
  const spec = { ...mapOf(live.object['spec']), finalizers };
  writer.replaceRaw(live, { ...live.object, spec });
}
