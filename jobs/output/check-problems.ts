import type { ClusterFindings, Findings, LeaseFinding } from '../../handler/check/findings.ts';
import { guessingNote } from '../../handler/check/hash-key.ts';
import { leftOfOwnershipNote } from '../../handler/check/ownership.ts';
import { describeError } from '../../lib/errors.ts';
import { allSources, secret } from '../../lib/kubernetes/kinds.ts';
import { type Delivery, sinkText } from '../../lib/notifications/notify.ts';
import type { PermissionFinding } from '../../lib/permissions/access-review.ts';
import type { ResourceAccess } from '../../lib/permissions/permission.ts';
import { notServedSentence } from '../../lib/rules/report.ts';
import { quote } from '../../lib/text/quote.ts';

/** Permissions with the same result that differ only in their namespaces. */
export interface PermissionsAlike {
  readonly permission: PermissionFinding;
  /** Empty for a permission in all namespaces, or for a cluster-scoped resource. */
  readonly namespaces: readonly string[];
}

/**
 * Groups equal permissions, so that hundreds of namespaces take one line. The order stays the same.
 */
export function alike(permissions: readonly PermissionFinding[]): PermissionsAlike[] {
  const groups = Map.groupBy(permissions, ({ namespace, ...permission }) =>
    JSON.stringify([namespace === undefined, permission]),
  );
  return [...groups.values()].flatMap((group) => {
    const [permission] = group;
    if (permission === undefined) return [];
    return [{ permission, namespaces: group.flatMap(({ namespace }) => namespace ?? []) }];
  });
}

/** The problems that prevent a pass, as sentences; empty if nothing prevents it. */
export function problems({ cluster, server, serverVersion }: Findings): string[] {
  if (cluster === undefined) {
    const why = 'why' in serverVersion ? serverVersion.why : 'no response';
    return [`${server} cannot be used, so nothing else was checked: ${why}`];
  }
  const { namespaces, lease, hashKey, permissions } = cluster;
  return [
    ...namespaces
      .filter(({ state }) => state === 'absent')
      .map(
        ({ name, settings }) =>
          `namespace ${name} does not exist: correct ${settings.join(' and ')}, or create the namespace`,
      ),
    ...(lease.state === 'overclaimed'
      ? [`Lease ${lease.namespace}/${lease.name} is ${lease.sentence}`]
      : []),
    ...(blocksPasses(lease, permissions) ? [lease.sentence] : []),
    ...(hashKey.state === 'unusable' && !isRefused(permissions, secret.plural)
      ? [hashKey.sentence]
      : []),
    ...alike(permissions).flatMap(({ permission, namespaces }) => {
      const what = `${accessText(permission)}${inNamespaces(permission, namespaces)}`;
      const why = 'why' in permission && permission.why !== undefined ? ` (${permission.why})` : '';
      if (permission.state === 'missing') {
        return `missing permission: ${what}. It is needed to ${permission.purpose}; without it ${permission.without.sentence}${why}`;
      }
      return permission.state === 'unknown' ? `could not be checked: ${what}${why}` : [];
    }),
  ];
}

/** The test messages that could not be sent, as sentences. */
export function deliveryProblems(deliveries: readonly Delivery[]): string[] {
  return deliveries.flatMap((delivery) =>
    delivery.problem === undefined
      ? []
      : [`the test message could not be sent to ${sinkText(delivery)}: ${delivery.problem}`],
  );
}

/** A Lease that may not be read is reported as a missing permission. */
function blocksPasses({ state }: LeaseFinding, permissions: readonly PermissionFinding[]): boolean {
  return state === 'foreign' || (state === 'unknown' && !isRefused(permissions, 'leases'));
}

/**
 * Whether the account may not read the Lease or the Secret of a pass. The missing permission
 * already reports this.
 */
function isRefused(
  permissions: readonly PermissionFinding[],
  resource: 'leases' | typeof secret.plural,
): boolean {
  return permissions.some(
    (permission) =>
      permission.resource === resource &&
      permission.resourceName !== undefined &&
      permission.verb === 'get' &&
      permission.state === 'missing',
  );
}

/** Notes that do not prevent a pass. */
export function notes(findings: Findings): string[] {
  const { cluster, isVerified } = findings;
  return [
    ...(isVerified
      ? []
      : [
          `this kubeconfig does not verify the server's certificate (insecure-skip-tls-verify: true): an attacker on the network can impersonate the server, take the credentials and read every ${secret.kind} with them; set certificate-authority instead`,
        ]),
    ...(cluster === undefined ? [] : notesOnCluster(cluster)),
  ];
}

function notesOnCluster({
  user,
  namespaces,
  hashKey,
  kinds,
  permissions,
  excess,
  held: { byWave, forLong },
  rollouts,
  leftOfOwnership,
  ownerReferences,
}: ClusterFindings): string[] {
  const guessing = guessingNote(hashKey, permissions);
  const unknown = namespaces.filter(({ state }) => state === 'unknown');
  const isAccount = 'value' in user && user.value.startsWith('system:serviceaccount:');
  return [
    ...('value' in user && !isAccount
      ? [
          `the permissions are those of ${quote(user.value)}; to see those of a ServiceAccount, run check in its Pod or with its token`,
        ]
      : []),
    ...(unknown.length > 0
      ? [
          `whether ${namespacesText(unknown.map(({ name }) => name))} ${unknown.length === 1 ? 'exists' : 'exist'} could not be checked, and a pass does not need to know: ${unknown[0]?.why}`,
        ]
      : []),
    ...kindsNotServed(kinds),
    ...rollouts,
    ...forLong,
    ...byWave.slice(0, maxListed),
    ...(byWave.length > maxListed
      ? [
          `Wave holds ${byWave.length - maxListed} more workloads back: wave-cron plan lists them as SchedulingDisabled`,
        ]
      : []),
    ...(excess.length > 0
      ? [
          `this account may ${excess.map(({ verb }) => verb).join(' and ')} ${secret.plural} in all namespaces, which wave-cron does not need with these settings: use an account without that permission`,
        ]
      : []),
    ...(isAccount &&
    ownerReferences?.state === 'allowed' &&
    ownerReferences.hasAdmissionPolicies !== true
      ? [
          `no admission policy restricts this account: with its token, a thief can change everything in the workloads, ${allSources} that it may patch; manifests/components/admission-policies limits it to what wave-cron writes (docs/security.md)`,
        ]
      : []),
    ...(ownerReferences?.state === 'unknown'
      ? [
          `whether this cluster requires the permission to delete an object for setting its owner references could not be tried: ${ownerReferences.why}`,
        ]
      : []),
    ...(leftOfOwnership === undefined ? [] : [leftOfOwnershipNote(leftOfOwnership)]),
    ...(guessing === undefined ? [] : [guessing]),
  ];
}

function kindsNotServed(kinds: ClusterFindings['kinds']): string[] {
  return [...kinds].flatMap(([kind, finding]) => {
    if (finding.state === 'notServed') return notServedSentence({ kind, why: finding.why });
    if (finding.state === 'served') return [];
    return `whether the cluster has ${kind} is unknown: ${describeError(finding.error)}`;
  });
}

/** The access as kubectl writes it: `get leases.coordination.k8s.io/wave-cron`. */
export function accessText({ verb, resource, apiGroup, resourceName }: ResourceAccess): string {
  const group = apiGroup === '' ? '' : `.${apiGroup}`;
  return `${verb} ${resource}${group}${resourceName === undefined ? '' : `/${resourceName}`}`;
}

function inNamespaces({ resource }: ResourceAccess, namespaces: readonly string[]): string {
  if (namespaces.length > 0) return ` in ${namespacesText(namespaces)}`;
  return resource === 'namespaces' ? '' : ' in all namespaces';
}

const maxListed = 5;

/** `a`, `a, b and c`, `a, b, c, d, e and 195 more`. */
export function inWords(names: readonly string[]): string {
  const rest = names.length - maxListed;
  const parts = rest > 0 ? [...names.slice(0, maxListed), `${rest} more`] : names;
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** `namespace a`, `namespaces a and b`. */
export function namespacesText(names: readonly string[]): string {
  return `${names.length === 1 ? 'namespace' : 'namespaces'} ${inWords(names)}`;
}
