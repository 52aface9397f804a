import type { Permission } from '../../../lib/permissions/permission.ts';
import { neededPermissions } from '../../../lib/permissions/permissions.ts';
import { defaultSettings, type Settings } from '../../../lib/settings/schema.ts';

export const lease = { namespace: 'ops', name: 'wave-cron' };

export function permissionsWith(settings: Partial<Settings>): string[] {
  return neededPermissions({ ...defaultSettings, ...settings }, lease).map(inWords);
}

/** Such as `get secrets @shop`, or `get secrets` for all namespaces. */
export function inWords({ verb, resource, namespace, resourceName }: Permission): string {
  const name = resourceName === undefined ? '' : `/${resourceName}`;
  return `${verb} ${resource}${name}${namespace === undefined ? '' : ` @${namespace}`}`;
}
