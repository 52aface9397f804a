import { allSettings, configVariable, type Setting } from './all-settings.ts';
import { allowed } from './allowed.ts';

/** The text of docs/settings.md. A test compares them. */
export function settingsReference(): string {
  const groups = [...new Set(allSettings.map(({ schema }) => schema.group))];
  return [
    '# Settings',
    '',
    'Each setting can be given as a flag, as an environment variable, or in a file, YAML or JSON, that',
    `\`--config\` or \`${configVariable}\` names. A flag takes precedence over a variable, a variable over the file, the`,
    'file over the default; at a terminal, [those of the installation](commands.md#beside-an-installation)',
    'come between the last two. In flags and variables, lists are separated by commas. In a file, settings',
    'with a dot are nested, and numbers have no quotes:',
    '',
    '```yaml',
    'namespaces: [team-a, team-b]',
    'resyncInterval: 5m',
    'lease:',
    '  durationSeconds: 20',
    '```',
    '',
    'If a setting is unknown or invalid, wave-cron ends with exit status 2 before it does',
    'anything, and reports all problems at once. These cannot be combined:',
    '',
    '- `namespaces` and `namespaceSelector`;',
    '- `schedule` and `resyncInterval`;',
    '- the same namespace in `namespaces` and `ignoreNamespaces`;',
    '- `*` and other entries in `crossNamespaceReferences`.',
    '',
    '[Operations](operations.md#when-passes-start) says which of `schedule` and `resyncInterval` to use.',
    ...groups.flatMap((group) => [
      '',
      `## ${group}`,
      '',
      '| setting | takes | default | meaning |',
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
  if (typeof value === 'number') return String(value);
  return value.length === 0 ? 'empty' : value.join(', ');
}
