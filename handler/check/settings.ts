import { allSettings } from '../../lib/settings/all-settings.ts';
import { confidentialMasked } from '../../lib/settings/confidential.ts';
import type { LoadedSettings } from '../../lib/settings/load.ts';
import { originText } from '../../lib/settings/origin.ts';

/** A setting with an explicit value. */
export interface GivenSetting {
  readonly path: string;
  /** Secret parts are masked. */
  readonly value: unknown;
  /** Such as `--lease-name`, `WAVE_LEASE_NAME` or `settings.yaml:3:5`. */
  readonly from: string;
}

/** The settings with explicit values. */
export function givenSettings({ settings, origins }: LoadedSettings): GivenSetting[] {
  return allSettings.flatMap((setting) => {
    const { path } = setting;
    const origin = origins.get(path);
    if (origin === undefined || origin.kind === 'default') return [];
    const value = path
      .split('.')
      .reduce<unknown>((at, key) => (at as Readonly<Record<string, unknown>>)[key], settings);
    const shown = confidentialMasked(withoutCredentials(value), setting.schema);
    return [{ path, value: shown, from: originText(setting, origin) }];
  });
}

/** A URL may contain a user and a password, or a token in its query. */
function withoutCredentials(value: unknown): unknown {
  const url = typeof value === 'string' && value.includes('://') ? URL.parse(value) : null;
  if (url === null) return value;
  if (url.username !== '' || url.password !== '') {
    url.username = '***';
    url.password = '';
  }
  if (url.search !== '') url.search = '?***';
  return url.href;
}
