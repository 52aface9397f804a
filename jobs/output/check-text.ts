import type { ClusterFindings, Findings, Found } from '../../handler/check/findings.ts';
import { hashKeySentence } from '../../handler/check/hash-key.ts';
import type { GivenSetting } from '../../handler/check/settings.ts';
import { type Delivery, sinkText } from '../../lib/notifications/notify.ts';
import { type RoleRules, roleRules } from '../../lib/permissions/role-rules.ts';
import { shownValue } from '../../lib/settings/shown-value.ts';
import { quote } from '../../lib/text/quote.ts';
import { version } from '../../lib/version.ts';
import {
  accessText,
  alike,
  deliveryProblems,
  inWords,
  namespacesText,
  notes,
  problems,
} from './check-problems.ts';
import { plural } from './pass-log.ts';
import { table } from './table.ts';

/** The results of a check. */
export interface Checked {
  readonly found: Findings;
  readonly given: readonly GivenSetting[];
  /** The results of the test messages; empty if none was sent. */
  readonly deliveries: readonly Delivery[];
}

/** The results as text. Facts come first, and problems come last. */
export function checkText({ found, given: settings, deliveries }: Checked): string {
  const { cluster, server, origin, serverVersion } = found;
  const blockers = [...problems(found), ...deliveryProblems(deliveries)];
  const worthKnowing = notes(found);
  return [
    section('Versions and connection', [
      ['wave-cron', version],
      ['cluster', server],
      ['credentials from', origin],
      ...(cluster === undefined
        ? []
        : [
            ['version', shown(serverVersion)],
            ['user', shown(cluster.user, quote)],
          ]),
    ]),
    settings.length === 0
      ? 'Settings: all have their defaults'
      : section(
          'Settings, all others have their defaults',
          settings.map(({ path, value, from }) => [path, shownValue(value), from]),
        ),
    ...(cluster === undefined ? [] : clusterSections(cluster)),
    ...(deliveries.length === 0 ? [] : [section('Test messages', deliveries.map(deliveryRow))]),
    ...(worthKnowing.length === 0
      ? []
      : [
          section(
            'Notes',
            worthKnowing.map((note) => [note]),
          ),
        ]),
    ...(cluster === undefined ? [] : missingRules(cluster).map(rulesText)),
    blockers.length === 0
      ? 'Ready to reconcile.'
      : section(
          plural(blockers.length, 'problem'),
          blockers.map((problem) => [problem]),
        ),
  ].join('\n\n');
}

function deliveryRow(delivery: Delivery): string[] {
  return [sinkText(delivery), delivery.problem === undefined ? 'sent' : 'NOT SENT'];
}

/** The rules that grant the missing permissions. */
export function missingRules({ permissions }: ClusterFindings): RoleRules[] {
  return roleRules(permissions.filter(({ state }) => state === 'missing'));
}

function clusterSections({ namespaces, lease, hashKey, permissions }: ClusterFindings): string[] {
  const named = (['exists', 'absent', 'unknown'] as const).flatMap((state) => {
    const names = namespaces.filter((it) => it.state === state).map(({ name }) => name);
    return names.length === 0 ? [] : [[namespaceStates[state], inWords(names)]];
  });
  return [
    section('Namespaces in the settings', named),
    section(`Lease ${lease.namespace}/${lease.name}`, [[lease.sentence]]),
    section('Hash key', [[hashKeySentence(hashKey, permissions)]]),
    section('Permissions', [
      ['STATE', 'PERMISSION', 'NAMESPACE', 'NEEDED TO'],
      ...alike(permissions).map(({ permission, namespaces: where }) => [
        permissionStates[permission.state],
        accessText(permission),
        where.length > 1 ? `${where.length} of them` : (where[0] ?? 'all'),
        permission.purpose,
      ]),
    ]),
  ];
}

const namespaceStates = {
  exists: 'exists',
  absent: 'DOES NOT EXIST',
  unknown: 'unknown',
} as const;
const permissionStates = { granted: 'granted', missing: 'MISSING', unknown: 'UNKNOWN' } as const;

/** The rules in the form of a manifest, for copying. */
function rulesText(missing: RoleRules): string {
  const where =
    missing.kind === 'ClusterRole'
      ? 'a ClusterRole and a ClusterRoleBinding'
      : `a Role and a RoleBinding in ${namespacesText(missing.namespaces)}`;
  const rules = missing.rules.map((rule) =>
    Object.entries(rule)
      .map(([key, texts], i) => `${i === 0 ? '-' : ' '} ${key}: [${flow(texts)}]`)
      .join('\n'),
  );
  return `Grant the missing permissions with ${where}:\n\n${['rules:', ...rules].join('\n')}`;
}

/** JSON strings are valid YAML. */
function flow(texts: readonly string[]): string {
  return texts.map((text) => JSON.stringify(text)).join(', ');
}

function section(title: string, rows: readonly (readonly string[])[]): string {
  return `${title}\n${table(rows).replaceAll(/^/gm, '  ')}`;
}

function shown(found: Found<string>, show = (text: string): string => text): string {
  return 'value' in found ? show(found.value) : `unknown: ${found.why}`;
}
