import {
  driverTitle,
  mountStatus,
  secretProviderClass,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import type { Settings } from '../settings/schema.ts';
import { accessedResource, fails, type Permission, type Scope } from './permission.ts';

/** The permissions for objects that the Secrets Store CSI driver mounts into Pods. */
export function onMounts({ kinds, sourceKinds }: Settings, scope: Scope): Permission[] {
  if (!sourceKinds.includes(secretProviderClass.kind)) return [];
  const common = {
    ...scope,
    without: fails(
      `workloads with a volume of the ${driverTitle} are not changed: UnreadableSource, exit status 1`,
    ),
  };
  const condition = `with ${secretProviderClass.kind} in sourceKinds`;
  const controllers = kinds.flatMap((kind): Permission[] => {
    const { pods, revisions } = workloadEntry(kind);
    if (pods.controlledBy !== 'revision' || revisions === undefined) return [];
    return [
      {
        ...accessedResource(revisions),
        ...common,
        verb: 'list',
        purpose: `find the Pods of a ${kind} that have its current template, ${condition}`,
      },
    ];
  });
  return [
    {
      ...accessedResource(secretProviderClass),
      ...common,
      verb: 'get',
      purpose: `read which objects of an external store the Pods mount, ${condition}`,
    },
    {
      ...accessedResource(mountStatus),
      ...common,
      verb: 'list',
      purpose: `read which versions of these objects are mounted in which Pod, ${condition}`,
    },
    {
      ...{ apiGroup: '', resource: 'pods' },
      ...common,
      verb: 'list',
      purpose: `find the Pods of a workload, ${condition}`,
    },
    ...controllers,
  ];
}
