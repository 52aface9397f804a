import type { Cluster } from '../../lib/kubernetes/cluster.ts';
import type { WorkloadName } from '../../lib/kubernetes/names.ts';
import type { ObjectMeta } from '../../lib/kubernetes/objects.ts';

/** Gets the metadata that the API server returned for a write of this process. */
export interface OwnWrites {
  wroteWorkload(name: WorkloadName, metadata: ObjectMeta): void;
  wroteSource(metadata: ObjectMeta): void;
}

/** The same cluster, which also says what this process wrote. */
export function notingOwnWrites(cluster: Cluster, on: OwnWrites): Cluster {
  return {
    ...cluster,
    async patchWorkload(name, patch, call) {
      const metadata = await cluster.patchWorkload(name, patch, call);
      on.wroteWorkload(name, metadata);
      return metadata;
    },
    async patchSource(source, patch, call) {
      const metadata = await cluster.patchSource(source, patch, call);
      on.wroteSource(metadata);
      return metadata;
    },
  };
}
