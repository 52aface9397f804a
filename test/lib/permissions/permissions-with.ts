import type { Permission } from '../../../lib/permissions/permission.ts';
import { neededPermissions } from '../../../lib/permissions/permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

export const lease = { namespace: 'ops', name: 'wave-cron' };

export function permissionsWith(settings: Partial<Settings>): string[] {
  return neededPermissions({ ...defaultSettings, ...settings }, lease).map(inWords);
}

/** `get secrets @shop`, or without the namespace if it is for all. */
export function inWords({ verb, resource, namespace, resourceName }: Permission): string {
  const name = resourceName === undefined ? '' : `/${resourceName}`;
  return `${verb} ${resource}${name}${namespace === undefined ? '' : ` @${namespace}`}`;
}
