import { allSettings, configVariable, type Setting } from './all-settings.ts';
import { allowed } from './allowed.ts';

/** The text of docs/settings.md. A test checks that the page equals this text. */
export function settingsReference(): string {
  const groups = [...new Set(allSettings.map(({ schema }) => schema.group))];
  return [
    '# Settings',
    '',
    'Each setting can be a flag, an environment variable, or an entry of a YAML or JSON file. `--config` or',
    `\`${configVariable}\` names the file. Flags take precedence over variables, variables over the file, and the file`,
    'over the defaults. At a terminal, [the settings of the installation](commands.md#settings-of-an-installation) come',
    'between the file and the defaults. In flags and variables, separate the entries of a list by commas. In a',
    'file, write a setting with a dot in its name as a nested mapping, and write numbers without quotes:',
    '',
    '```yaml',
    'namespaces: [team-a, team-b]',
    'resyncInterval: 5m',
    'lease:',
    '  durationSeconds: 20',
    '```',
    '',
    'If a setting is unknown or invalid, wave-cron ends with exit status 2 before it does anything else. It',
    'reports all problems at the same time. These combinations are invalid:',
    '',
    '- `namespaces` with `namespaceSelector`;',
    '- `schedule` with `resyncInterval`;',
    '- the same namespace in `namespaces` and `ignoreNamespaces`;',
    '- `*` with other entries in `crossNamespaceReferences`;',
    '- two versions of the same kind in `kinds`;',
    '- a `shard.index` that is not less than `shard.count`;',
    '- a `passTimeoutSeconds` that is less than twice `lease.durationSeconds`;',
    '- a `rollouts.waitSeconds` that is not less than `passTimeoutSeconds`;',
    '- an entry of `notifications` with both `url` and `urlFile`, or with neither of them;',
    '- an entry of `notifications` with `secretFile` and another `format` than `json`;',
    '- two entries of `notifications` with the same `name`.',
    '',
    '[Operations](operations.md#when-passes-start) compares `schedule` and `resyncInterval`.',
    '[Rollout policy](rollouts.md) explains the group Rollouts.',
    ...groups.flatMap((group) => [
      '',
      `## ${group}`,
      '',
      '| setting | value | default | meaning |',
      '|---|---|---|---|',
      ...allSettings.filter(({ schema }) => schema.group === group).map(row),
    ]),
    '',
  ].join('\n');
}

function row({ path, flag, variable, schema }: Setting): string {
  const cells = [
    `\`${path}\`<br>\`${flag}\`<br>\`${variable}\``,
    prose(allowed(schema)),
    standard(schema.default),
    prose(schema.description),
  ];
  return `| ${cells.join(' | ')} |`;
}

function prose(text: string): string {
  return text.replaceAll(/[|*<]/g, '\\$&');
}

function standard(value: Setting['schema']['default']): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value === '' ? 'empty' : `\`${value}\``;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value.length === 0 ? 'empty' : value.join(', ');
}
