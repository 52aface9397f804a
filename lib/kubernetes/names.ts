import {
  type ReferencedKind,
  referencedKinds,
  type SourceKind,
  sourceKinds,
  type WorkloadKind,
} from './kinds.ts';

/** The field manager of our patches, and the reporting controller of our Events. */
export const fieldManager = 'wave-cron';

/**
 * The field manager of approvals. It is a different one, because a person writes approvals, not a
 * pass.
 */
export const approvalManager = 'wave-cron-approve';

/** Names a workload. */
export interface WorkloadName {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly name: string;
}

/** `Kind/namespace/name` */
export function workloadKey({ kind, namespace, name }: WorkloadName): string {
  return `${kind}/${namespace}/${name}`;
}

type Named = Readonly<Record<'kind' | 'namespace' | 'name', string>>;

/** Sorts by namespace, kind and name. */
export function byName(a: Named, b: Named): number {
  return compare(a.namespace, b.namespace) || compare(a.kind, b.kind) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Names a source. */
export interface SourceName {
  readonly kind: SourceKind;
  readonly namespace: string;
  readonly name: string;
}

/** The name of an object that the configuration of a workload can contain. */
export interface ReferencedName extends Omit<SourceName, 'kind'> {
  readonly kind: ReferencedKind;
}

/** Names a Lease. */
export interface LeaseName {
  readonly namespace: string;
  readonly name: string;
}

/** Names an event. */
export interface EventName {
  readonly namespace: string;
  readonly name: string;
}

/** A part of a pattern: a name, or each part of a name between dots. */
export const dnsLabel = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
/** A part of a pattern: the name of most objects, of any length. */
export const dnsSubdomain = `${dnsLabel}([.]${dnsLabel})*`;
export const longestLabel = 63;
export const longestName = 253;

const label = new RegExp(`^${dnsLabel}$`);
const subdomain = new RegExp(`^${dnsSubdomain}$`);

/**
 * Whether a workload or source can have this name: a DNS-1123 subdomain. A pod template may contain
 * any other text instead of a name. Such a text is never requested: in the path of a request, it
 * could name another object, and the response would not be about a source.
 */
export function isObjectName(name: string): boolean {
  return name.length <= longestName && subdomain.test(name);
}

/** Whether a namespace can have this name: a DNS-1123 label. */
export function isNamespaceName(name: string): boolean {
  return name.length <= longestLabel && label.test(name);
}

/**
 * Shortens a name or key from a template to the maximum length of a real name or key. A tenant can
 * write a megabyte into a template.
 */
export function keptName(name: string): string {
  if (name.length <= longestName) return name;
  // Makes a copy, because in V8 a substring keeps the complete text in memory.
  return Buffer.from(name.slice(0, longestName + 1), 'utf16le').toString('utf16le');
}

/** The name of an object in messages: `Deployment shop/web`. */
export function objectTitle({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${kind} ${namespace}/${name}`;
}

/** The name of an object in lists within one namespace: `Deployment/web`. */
export function kindAndName({
  kind,
  name,
}: {
  readonly kind: string;
  readonly name: string;
}): string {
  return `${kind}/${name}`;
}

/** The identity of a source in the hash. */
export interface SourceIdentity {
  readonly kind: ReferencedKind;
  /**
   * Empty if the source is in the namespace of the workload, so that a copy of the namespace has
   * the same hashes.
   */
  readonly namespace: string;
  readonly name: string;
}

/** The name of a source in `/config-sources`, Events and reports: `ConfigMap/settings`. */
export function recordName({ kind, namespace, name }: SourceIdentity): string {
  return namespace === '' ? kindAndName({ kind, name }) : `${kind}/${namespace}/${name}`;
}

const recordedName = new RegExp(`^(${referencedKinds.join('|')})/[a-z0-9./-]{1,317}$`);
const ownRecordedName = new RegExp(
  `^(${sourceKinds.join('|')})/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`,
);

/** Whether `recordName` can have written the text. */
export function isRecordName(text: string): boolean {
  return recordedName.test(text);
}

/**
 * Whether `recordName` can have written the text for a source that is in the namespace of the workload and
 * that can have owner references.
 */
export function isOwnRecordName(text: string): boolean {
  return ownRecordedName.test(text);
}

/**
 * The source in this namespace with this name. `isOwnRecordName` must be true for the name.
 *
 * @throws Error if its kind is not a source kind
 */
export function sourceNamed(text: string, namespace: string): SourceName {
  const slash = text.indexOf('/');
  const kind = sourceKinds.find((each) => each === text.slice(0, slash));
  if (kind === undefined) throw new Error(`${text} names no source`);
  return { kind, namespace, name: text.slice(slash + 1) };
}
