/** The names of all objects in a walk. Steps refer to objects by their index in these lists. */

export {
  badValue,
  sourceNames as sources,
  workloadNames as workloads,
} from '../../faults/walk/names.ts';

export const namespaces = ['a', 'b'] as const;
export const ownNamespace = 'wave';
export const leaseName = 'wave-cron';
export const prefix = 'wave.pusher.com';

export const keys = {
  optIn: `${prefix}/update-on-config-change`,
  adoption: `${prefix}/adoption`,
  extra: `${prefix}/extra-configmaps`,
  hash: `${prefix}/config-hash`,
  configSources: `${prefix}/config-sources`,
  written: `${prefix}/written-hash`,
  adopted: `${prefix}/adopted`,
  history: `${prefix}/rollout-history`,
  pending: `${prefix}/pending-config`,
  owned: `${prefix}/owned-sources`,
  putBack: `${prefix}/owner-references-put-back`,
  approved: `${prefix}/approved-config`,
  now: `${prefix}/rollout-now`,
  finalizer: `${prefix}/finalizer`,
} as const;

export const policyKey = (name: string): string => `${prefix}/rollout-${name}`;

export const at = <T>(list: readonly T[], place: number): T => {
  const found = list[place % list.length];
  if (found === undefined) throw new Error('an empty list');
  return found;
};
