import { type SettingGroupSchema, type SettingSchema, settingsSchema } from './schema.ts';

export interface Setting {
  /** The path of the setting in a file, with groups joined by dots: `lease.durationSeconds`. */
  readonly path: string;
  /** `--lease-duration-seconds` */
  readonly flag: string;
  /** `WAVE_LEASE_DURATION_SECONDS` */
  readonly variable: string;
  readonly schema: SettingSchema;
}

/** All settings in the order of the schema. */
export const allSettings: readonly Setting[] = settingsIn(settingsSchema, []);

/** The environment variable for the path of the settings file, like `--config`. */
export const configVariable = 'WAVE_CONFIG';

/** The environment variable that selects an installation, like `--installation`. */
export const installationVariable = 'WAVE_INSTALLATION';

function settingsIn(group: SettingGroupSchema, above: readonly string[]): Setting[] {
  return Object.entries(group.properties).flatMap(([name, schema]) => {
    const keys = [...above, name];
    if (schema.type === 'object') return settingsIn(schema, keys);
    const words = keys.join('-').replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [
      {
        path: keys.join('.'),
        flag: `--${words}`,
        variable: `WAVE_${words.replaceAll('-', '_').toUpperCase()}`,
        schema,
      },
    ];
  });
}

/** The setting with this path. The path must be valid. */
export function settingAt(path: string): Setting {
  const setting = allSettings.find((each) => each.path === path);
  if (setting === undefined) throw new TypeError(`${path} is not a setting`);
  return setting;
}
