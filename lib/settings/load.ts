import { UsageError } from '../errors.ts';
import type { CronSchedule } from '../installation/installation.ts';
import { allSettings, configVariable } from './all-settings.ts';
import { contradictions } from './contradictions.ts';
import { type Environment, fromEnvironment, fromJob } from './environment.ts';
import { type InstalledSettings, layersOf, without } from './of-installation.ts';
import type { Origin } from './origin.ts';
import { defaultSettings, type Settings } from './schema.ts';
import { readSettingsFile } from './settings-file.ts';
import { put, textLayer } from './text-layer.ts';
import { type CheckedLayer, checkLayer } from './validate.ts';

export interface SettingsSources {
  /** The texts of the flags, by the path of each setting: `lease.name`. */
  readonly flags: Readonly<Record<string, string>>;
  readonly env: Environment;
  /**
   * The path of the file in `--config`. Without this flag, the file in the environment variable
   * `WAVE_CONFIG` is used.
   */
  readonly configFile?: string;
  /** The settings of an installation. All other sources take precedence over these settings. */
  readonly installed?: InstalledSettings;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Where the value of each setting came from, by path. */
  readonly origins: ReadonlyMap<string, Origin>;
  /**
   * The schedule on which the CronJob of the installation starts passes; undefined if there is no
   * CronJob, or if its schedule is not known.
   */
  readonly cronSchedule?: CronSchedule;
}

/**
 * Loads the settings: flags take precedence over the environment, the environment over the file,
 * the file over the defaults. The result is complete and deeply frozen.
 *
 * @throws UsageError with one line for each problem
 */
export function loadSettings(sources: SettingsSources): Settings {
  return loadSettingsWithOrigins(sources).settings;
}

/** Like `loadSettings`, and returns where each value came from. */
export function loadSettingsWithOrigins(sources: SettingsSources): LoadedSettings {
  const environment = fromEnvironment(sources.env);
  const own: CheckedLayer[] = [
    fromFile('--config', sources.configFile) ??
      fromFile(configVariable, sources.env[configVariable]) ??
      nothingGiven,
    { ...nothingGiven, problems: environment.problems },
    checkLayer(environment.layer),
    checkLayer(textLayer(new Map(Object.entries(sources.flags)), 'flag')),
  ];
  const installed = sources.installed === undefined ? [] : layersOf(sources.installed);
  const layers = [
    checkLayer(fromJob(sources.env)),
    ...installed.map((layer) => without(layer, excludedBy(own))),
    ...own,
  ];

  const { settings, origins } = merge(layers);
  const problems = [
    ...layers.flatMap((layer) => layer.problems),
    ...contradictions(settings, origins),
  ];
  if (problems.length > 0) throw new UsageError(messageOf(problems));
  const cronSchedule = sources.installed?.installation.schedule;
  return {
    settings: frozen(settings),
    origins,
    ...(cronSchedule === undefined ? {} : { cronSchedule }),
  };
}

/**
 * The paths of settings of the installation that the caller's settings replace. If two settings
 * cannot be combined, the caller's setting takes precedence.
 */
function excludedBy(own: readonly CheckedLayer[]): string[] {
  const isGiven = (path: string): boolean => own.some(({ given }) => given.has(path));
  return [
    ['namespaces', 'namespaceSelector'],
    ['schedule', 'resyncInterval'],
  ].flatMap((pair) => (pair.some(isGiven) ? pair : []));
}

const nothingGiven: CheckedLayer = { given: new Map(), problems: [] };

function fromFile(name: string, file: string | undefined): CheckedLayer | undefined {
  if (file === undefined) return undefined;
  if (file === '') {
    return { ...nothingGiven, problems: [`${name} is "": must be the path of a settings file`] };
  }
  const read = readSettingsFile(file);
  return 'problems' in read ? { ...nothingGiven, problems: read.problems } : checkLayer(read.layer);
}

/** If several layers have a value for a setting, the last layer takes precedence. */
function merge(layers: readonly CheckedLayer[]): LoadedSettings {
  // A group of settings is present even if its settings have no values.
  const values: Record<string, unknown> = { ...defaultSettings };
  const origins = new Map<string, Origin>();
  for (const { path } of allSettings) {
    const given = layers.findLast((layer) => layer.given.has(path))?.given.get(path);
    origins.set(path, given?.origin ?? { kind: 'default' });
    if (given !== undefined) put(values, path.split('.'), given.value);
  }
  // The type is made from the schema, and each value was checked against the schema.
  return { settings: values as Settings, origins };
}

/** Maximum lines of a message. More lines do not help a reader. */
const maxLines = 200;
/** Long enough for the names of all settings. */
const longestLine = 2000;

function messageOf(problems: readonly string[]): string {
  // A key may contain line breaks, control sequences or the content of a complete file. Such a text
  // must not reach the terminal.
  const lines = problems
    .slice(0, maxLines)
    .map((problem) => problem.replaceAll(/\p{Cc}/gu, '\u{fffd}'))
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine - 1)}…` : line));
  const more = problems.length - lines.length;
  if (lines.length === 1) return lines.join('');
  return [
    `${problems.length} problems in the settings:`,
    ...lines.map((line) => `  ${line}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n');
}

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
