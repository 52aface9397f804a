import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import { podTemplateOf, workloadEntry } from '../../lib/kubernetes/kinds.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';

/** Receives the metadata that the API server returned for each write of this process. */
export interface OwnWrites {
  /**
   * @param isRollout whether the write changed the pod template, not only annotations of the
   * workload
   */
  wroteWorkload(name: WorkloadName, metadata: ObjectMeta, isRollout: boolean): void;
  wroteSource(metadata: ObjectMeta): void;
}

/** A cluster that works like the given cluster and also reports each write of this process. */
export function notingOwnWrites(cluster: Cluster, on: OwnWrites): Cluster {
  return {
    ...cluster,
    async patchWorkload(name, patch, call) {
      const metadata = await cluster.patchWorkload(name, patch, call);
      const template = podTemplateOf(workloadEntry(name.kind), patch);
      on.wroteWorkload(name, metadata, Object.keys(template).length > 0);
      return metadata;
    },
    async patchSource(source, patch, call) {
      const metadata = await cluster.patchSource(source, patch, call);
      on.wroteSource(metadata);
      return metadata;
    },
  };
}
