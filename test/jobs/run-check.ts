/** Runs `check` in this process, because a start of the program takes longer than all its requests. */
import { check } from '../../jobs/commands/check.ts';
import { wire } from '../../jobs/wiring.ts';
import { loadSettingsWithOrigins } from '../../lib/settings/load.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { assertNoLeak } from '../secrets/planted.ts';

/** Values by the path of the setting, such as `lease.namespace`. */
export type Flags = Readonly<Record<string, string>>;

/** The fields of `check -o json` that tests read. */
export type CheckJson = {
  ok: boolean;
  version: string;
  connection: { server: string; serverVersion: Found; user?: Found };
  settings: { path: string; value: unknown; from: string }[];
  namespaces?: { name: string; settings: string[]; state: string }[];
  lease?: { state: string; sentence: string };
  permissions?: CheckedPermission[];
  ownerReferences?: { state: string; why?: string };
  notifications?: { sink: string; format: string; problem?: string }[];
  problems: string[];
  notes: string[];
  missingRules: { kind: string; namespaces?: string[]; rules: object[] }[];
};
type Found = { value?: string; why?: string };
export type CheckedPermission = {
  apiGroup: string;
  resource: string;
  verb: string;
  namespace?: string;
  resourceName?: string;
  state: string;
};

export type Check = CheckJson & {
  status: number;
  /** Messages of the log at level info or above. */
  logged: string[];
};

export async function runCheck(
  kubeconfig: string,
  flags: Flags = {},
  {
    env = {},
    signal = new AbortController().signal,
    notify = false,
  }: { env?: Flags; signal?: AbortSignal; notify?: boolean } = {},
): Promise<Check> {
  const loaded = loadSettingsWithOrigins({ flags: { kubeconfig, ...flags }, env });
  const wiring = await wire(loaded.settings, {});
  const logged: string[] = [];
  const write = (...line: unknown[]): void => {
    logged.push(String(line.at(-1)));
  };
  const log = { info: write, error: write } as unknown as Log;
  const printed: string[] = [];
  try {
    const print = (text: string): void => {
      printed.push(text);
    };
    const status = await check(
      { ...loaded, wiring, log, print, signal },
      { output: 'json', notify },
    );
    assertNoLeak('check', [...printed, ...logged].join('\n'));
    return { ...JSON.parse(printed.join('') || '{}'), status, logged };
  } finally {
    wiring.connection.close();
  }
}

/** A text for each permission that is not granted: `missing: get secrets`. */
export function notGranted({ permissions = [] }: CheckJson): string[] {
  return permissions
    .filter(({ state }) => state !== 'granted')
    .map((permission) => `${permission.state}: ${nameOf(permission)}`);
}

export function nameOf({ verb, resource, resourceName }: Omit<CheckedPermission, 'state'>): string {
  return `${verb} ${resource}${resourceName === undefined ? '' : ' by name'}`;
}
