/** Binds Pods to the agent's Node, as a scheduler does. */
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod } from './pod.ts';

/**
 * Whether this Pod is waiting for this Node. Only the Node name in the node affinity of a Pod counts, which
 * a DaemonSet sets for each of its Pods. There is only one Node here.
 */
export function isForNode({ spec, metadata }: Pod, nodeName: string): boolean {
  if (spec.nodeName || metadata.deletionTimestamp || spec.schedulingGates?.length) return false;
  const names = wantedNodes(spec.affinity);
  return names === undefined || names.includes(nodeName);
}

function wantedNodes(affinity: Pod['spec']['affinity']): string[] | undefined {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? [];
  const names = fields.filter(({ key }) => key === 'metadata.name');
  return names.length === 0 ? undefined : names.flatMap(({ values = [] }) => values);
}

/** Does nothing if the Pod is deleted or already bound. */
export async function bind(api: Api, { metadata }: Pod, nodeName: string): Promise<void> {
  const { namespace, name, uid } = metadata;
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name, namespace, uid },
    target: { apiVersion: 'v1', kind: 'Node', name: nodeName },
  };
  try {
    await api.post(`${path('Pod', namespace, name)}/binding`, binding);
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 409))) throw error;
  }
}
