import type { AnnotationNames } from './annotations.ts';
import type { Stamp } from './decide.ts';
import type { Workload } from './workload.ts';

/**
 * The one patch of a workload: a strategic merge of our two annotations on the pod template, with
 * the version that was read as its precondition. It names no other field, so it can neither undo
 * what somebody else wrote meanwhile nor drop a field that this version does not know.
 */
export function stampPatch(workload: Workload, stamp: Stamp, names: AnnotationNames): object {
  return {
    metadata: { resourceVersion: workload.resourceVersion },
    spec: {
      template: {
        metadata: {
          annotations: {
            [names.configHash]: stamp.hash,
            [names.configSources]: stamp.sources,
          },
        },
      },
    },
  };
}
