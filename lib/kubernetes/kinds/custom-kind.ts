import type { WorkloadKindEntry } from './entry.ts';

/** The notation of kubectl for a kind of any API: `Rollout.v1alpha1.argoproj.io`. */
export type CustomKind = `${string}.${string}.${string}`;

const kindPart = '[A-Z][A-Za-z0-9]{0,62}';
const versionPart = 'v[1-9][0-9]{0,3}((alpha|beta)[1-9][0-9]{0,3})?';
/**
 * The group must contain a dot. Groups without a dot belong to Kubernetes itself, and pod templates in their
 * other kinds must not be changed: ReplicaSets belong to Deployments, and a Job runs once.
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

/** The known facts about a kind of another API. The settings say which version of it is used. */
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

/** The plural of a kind by kubectl's rule, which is right for most kinds. Only the cluster knows the real plural. */
export function usualPlural(kind: string): string {
  const singular = kind.toLowerCase();
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}
