import { allSettings, configVariable, type Setting } from './all-settings.ts';
import { allowed } from './allowed.ts';

/** The text of docs/settings.md, which a test holds to this. */
export function settingsReference(): string {
  const groups = [...new Set(allSettings.map(({ schema }) => schema.group))];
  return [
    '# Settings',
    '',
    'Each setting can be given as a flag, as an environment variable, or in a file, YAML or JSON, that',
    `\`--config\` or \`${configVariable}\` names. A flag goes before a variable, a variable before the file, the`,
    'file before the default; at a terminal, [those of the installation](commands.md#beside-an-installation)',
    'stand between the last two. In flags and variables a list is written with commas. In a file, settings',
    'with a dot are nested, and numbers stand without quotes:',
    '',
    '```yaml',
    'namespaces: [team-a, team-b]',
    'resyncInterval: 5m',
    'lease:',
    '  durationSeconds: 20',
    '```',
    '',
    'What is unknown or wrong, wherever it stands, ends wave-cron with exit status 2 before it does',
    'anything; every problem is told at once. These exclude each other:',
    '',
    '- `namespaces` and `namespaceSelector`;',
    '- `schedule` and `resyncInterval`;',
    '- one and the same namespace in `namespaces` and `ignoreNamespaces`;',
    '- `*` and other entries in `crossNamespaceReferences`.',
    '',
    'Of `schedule` and `resyncInterval`, [Operations](operations.md#when-passes-start) says which to take.',
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
