import { type Command, Option } from 'commander';
import {
  allSettings,
  configVariable,
  installationVariable,
  type Setting,
} from '../../lib/settings/all-settings.ts';

export interface GivenFlags {
  /** The text of each given setting, by path: `lease.name`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly configFile?: string;
  /** `none`, a namespace, or `NAMESPACE/NAME`. */
  readonly installation?: string | undefined;
}

/** Adds the flags of a command when it runs or prints its help. */
export function addSettingFlagsOnDemand(program: Command): void {
  const done = new Set([program]);
  const add = (command: Command): void => {
    if (!done.has(command)) addSettingFlags(command);
    done.add(command);
  };
  program.hook('preSubcommand', (_program, command) => add(command));
  program.addHelpText('beforeAll', ({ command }) => {
    add(command);
    return '';
  });
}

/**
 * Adds `--config` and a flag for each setting. Commander only collects the texts. They are
 * validated later, together with the environment and the file, so that all problems are reported at
 * once.
 */
export function addSettingFlags(command: Command): void {
  command.addOption(
    new Option(
      '--config <file>',
      `A settings file, YAML or JSON; flags and variables take precedence.\n(${configVariable})`,
    ).helpGroup('Settings file:'),
  );
  command.addOption(
    new Option(
      '--installation <namespace>',
      `The installation whose settings and Lease to use at a terminal: NAMESPACE, NAMESPACE/NAME or none; default: the one that is found in the cluster. Flags, variables and the settings file take precedence over its settings.\n(${installationVariable})`,
    ).helpGroup('Settings file:'),
  );
  for (const setting of allSettings) command.addOption(flagOf(setting));
}

/** The texts from the command line, without validation. */
export function flagsGiven(command: Command): GivenFlags {
  const given = new Map(
    command.options.flatMap((option) => {
      const value: unknown = command.getOptionValue(option.attributeName());
      return typeof value === 'string' ? [[option.long ?? '', value] as const] : [];
    }),
  );
  const flags: Record<string, string> = {};
  for (const { path, flag } of allSettings) {
    const text = given.get(flag);
    if (text !== undefined) flags[path] = text;
  }
  const configFile = given.get('--config');
  const installation = given.get('--installation');
  return {
    flags,
    ...(configFile === undefined ? {} : { configFile }),
    ...(installation === undefined ? {} : { installation }),
  };
}

function flagOf(setting: Setting): Option {
  const { schema, flag } = setting;
  const option = new Option(`${flag} <${schema.placeholder}>`, describe(setting));
  option.helpGroup(`${schema.group}:`);
  if (schema.type === 'array' && schema.items?.type !== 'object') {
    // If a flag is repeated, as in --namespaces a --namespaces b, its values become one list.
    option.argParser((text, before) => (typeof before === 'string' ? `${before},${text}` : text));
  }
  return option;
}

function describe({ schema, variable }: Setting): string {
  const notes: string[] = [];
  const { items } = schema;
  const choices = schema.enum ?? (items?.type === 'object' ? undefined : items?.enum);
  if (choices !== undefined) notes.push(choices.join(', '));
  const standard = Array.isArray(schema.default) ? schema.default.join(',') : schema.default;
  const isAll = standard !== undefined && standard === choices?.join(',');
  if (isAll) notes.push('default all');
  else if (standard !== undefined && standard !== '') notes.push(`default ${standard}`);
  return `${schema.description}\n(${[...notes, variable].join('; ')})`;
}
