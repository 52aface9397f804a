import type { WorkloadKindEntry } from './entry.ts';

/** The notation of kubectl for a kind of any API: `Rollout.v1alpha1.argoproj.io`. */
export type CustomKind = `${string}.${string}.${string}`;

const kindPart = '[A-Z][A-Za-z0-9]{0,62}';
const versionPart = 'v[1-9][0-9]{0,3}((alpha|beta)[1-9][0-9]{0,3})?';
/**
 * With a dot. Kubernetes' own groups without one have kinds with a pod template that must not be
 * changed: ReplicaSets belong to Deployments, and a Job runs once.
 */
const groupPart = '[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+';

/** A pattern for the notation, without anchors. */
export const customKindPattern = `${kindPart}[.]${versionPart}[.]${groupPart}`;
export const longestCustomKind = 253;

const pattern = new RegExp(`^${customKindPattern}$`);

export function isCustomKind(text: string): text is CustomKind {
  return text.length <= longestCustomKind && pattern.test(text);
}

export interface KindParts {
  readonly kind: string;
  readonly version: string;
  readonly group: string;
}

export function partsOf(name: CustomKind): KindParts {
  const [kind = '', version = '', ...group] = name.split('.');
  return { kind, version, group: group.join('.') };
}

/** What is known about a kind of another API. The settings say in which version it is used. */
export type CustomKindFacts = Pick<
  WorkloadKindEntry,
  | 'kind'
  | 'group'
  | 'plural'
  | 'shortNames'
  | 'revisions'
  | 'rollout'
  | 'pods'
  | 'whyNotRestarted'
  | 'restartPatch'
  | 'templateOwner'
  | 'withoutTheRest'
>;

/**
 * The plural that most kinds have, by the rule of kubectl: only the cluster knows it for sure.
 */
export function usualPlural(kind: string): string {
  const singular = kind.toLowerCase();
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}
