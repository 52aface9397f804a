/** The objects of a walk. Steps refer to objects by their index in these lists. */

export const sourceNames = [
  { kind: 'ConfigMap', name: 'a' },
  { kind: 'ConfigMap', name: 'b' },
  { kind: 'ConfigMap', name: 'c' },
  { kind: 'Secret', name: 's' },
  { kind: 'Secret', name: 't' },
] as const;

export const workloadNames = [
  { kind: 'Deployment', name: 'api' },
  { kind: 'Deployment', name: 'web' },
  { kind: 'StatefulSet', name: 'db' },
  { kind: 'StatefulSet', name: 'queue' },
  { kind: 'DaemonSet', name: 'agent' },
] as const;

export type WorkloadKind = (typeof workloadNames)[number]['kind'];

/** A value of `x` with which Pods never become Ready. */
export const badValue = 9;
