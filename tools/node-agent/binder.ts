/** Binds Pods to the agent's Node, as a scheduler does. */
import { type Api, ApiError, path } from '../control-plane/api.ts';
import type { Pod } from './pod.ts';

/**
 * Is this Pod waiting for a Node, and is it not for another one? Of what a Pod can ask from its Node
 * only the name counts, by which a DaemonSet makes one Pod for each Node; there is but one Node here.
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

/** Nothing happens where the Pod is gone, or bound already. */
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
