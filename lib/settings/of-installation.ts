import { type Installation, installationName } from '../installation/installation.ts';
import { allSettings, configVariable, settingAt } from './all-settings.ts';
import { fromEnvironment } from './environment.ts';
import { parseSettings } from './settings-file.ts';
import { textLayer } from './text-layer.ts';
import { type CheckedLayer, checkLayer, type Layer } from './validate.ts';

/**
 * Settings that concern only the process of the installation. A command in another process must not
 * use them.
 */
const ofProcess = allSettings.flatMap(({ path, schema }) => (schema.ofProcess ? [path] : []));

/** The settings of an installation before they are checked. */
export interface InstalledSettings {
  readonly installation: Installation;
  /** The values, by the path of each setting. */
  readonly flags: Readonly<Record<string, string>>;
  readonly file: { readonly name: string; readonly text: string } | undefined;
}

/**
 * The settings of an installation, in ascending order of precedence. The namespace of the Lease is
 * the namespace of the Pods of the installation.
 */
export function layersOf({ installation, flags, file }: InstalledSettings): CheckedLayer[] {
  const title = installationName(installation);
  const named = (layer: Layer, nameOf: (path: string) => string): Layer => ({
    ...layer,
    subject: (path) => `${nameOf(path)} of ${title}`,
    origin: (keys) => ({ kind: 'installation', text: `${nameOf(keys.join('.'))} of ${title}` }),
  });
  const read = file === undefined ? undefined : parseSettings(file.text, file.name);
  const { layer: environment, problems } = fromEnvironment(installation.env);
  const layers: CheckedLayer[] = [
    {
      given: new Map([
        [
          'lease.namespace',
          { value: installation.namespace, origin: { kind: 'installation', text: title } },
        ],
      ]),
      problems: problems.map((problem) => `${title}: ${problem}`),
    },
    ...(read === undefined
      ? []
      : [
          'problems' in read
            ? { given: new Map(), problems: read.problems }
            : checkLayer(read.layer),
        ]),
    checkLayer(named(environment, (path) => settingAt(path).variable)),
    checkLayer(
      named(textLayer(new Map(Object.entries(flags)), 'flag'), (path) => settingAt(path).flag),
    ),
  ];
  return layers.map((layer) => without(layer, ofProcess));
}

export function without({ given, problems }: CheckedLayer, paths: readonly string[]): CheckedLayer {
  return { given: new Map([...given].filter(([path]) => !paths.includes(path))), problems };
}

/** The variables of settings whose values are not in the object of the installation. */
export function unknownSettings({ unknownEnv }: Installation): string[] {
  const isSetting = (name: string): boolean => name.startsWith('WAVE_') || name === configVariable;
  return unknownEnv.filter(isSetting);
}
