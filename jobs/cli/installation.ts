import { Command } from 'commander';
import { expectedError, UnreachableError, UsageError } from '../../lib/errors.ts';
import {
  anyForm,
  configMapKey,
  formResources,
  type Installation,
  installationName,
} from '../../lib/installation/installation.ts';
import { listInstallations, readConfigMapKey } from '../../lib/installation/installations.ts';
import { type ApiClient, createApiClient } from '../../lib/kubernetes/client/api-client.ts';
import { isApiError } from '../../lib/kubernetes/client/api-error.ts';
import type { Connection } from '../../lib/kubernetes/credentials/connection.ts';
import { configMap } from '../../lib/kubernetes/kinds.ts';
import { objectTitle } from '../../lib/kubernetes/names.ts';
import { configVariable } from '../../lib/settings/all-settings.ts';
import { type LoadedSettings, loadSettingsWithOrigins } from '../../lib/settings/load.ts';
import { type InstalledSettings, unknownSettings } from '../../lib/settings/of-installation.ts';
import type { Log } from '../../lib/telemetry/log.ts';
import { quote } from '../../lib/text/quote.ts';
import { addSettingFlags, flagsGiven, type GivenFlags } from './setting-flags.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The namespace in the manifests. */
const usualNamespace = 'wave-cron';
const labels = 'app.kubernetes.io/name=wave-cron';
/**
 * Labels that also find an installation with another name, which the values of the chart can set.
 */
const otherLabels = 'app.kubernetes.io/part-of=wave-cron';
const orNone = 'use --installation none for your own settings';

/**
 * The settings of a command at a terminal: the settings of the installation in the cluster,
 * overridden by the caller's own settings. So the command uses the same Lease as the installation,
 * and makes the same decisions.
 *
 * @param own the caller's own settings
 * @param note logs which settings are used
 * @throws UsageError if the installation is ambiguous; UnreachableError
 */
export async function settingsBeside(
  given: GivenFlags & { readonly env: Environment },
  own: LoadedSettings,
  connection: Connection,
  note: Log,
): Promise<LoadedSettings> {
  const { installation: choice } = given;
  if (choice === 'none') return own;
  const chosen = choice === undefined ? undefined : parseChoice(choice);
  const api = createApiClient(connection);
  const hasLease = own.origins.get('lease.namespace')?.kind !== 'default';
  const leaseNamespace = hasLease ? own.settings.lease.namespace : undefined;
  const { found, isRefused } = await look(
    api,
    chosen?.namespace ?? leaseNamespace,
    chosen === undefined ? [labels] : [labels, otherLabels],
    connection.namespace,
  );
  const fitting = different(found.filter(({ name }) => name === (chosen?.name ?? name)));
  const [installation, ...more] = fitting;
  if (installation === undefined) {
    if (chosen !== undefined) throw notThere(choice ?? '', isRefused);
    if (!isRefused) note.debug('no installation of wave-cron was found');
    else if (leaseNamespace === undefined) {
      note.info(
        `could not look for an installation of wave-cron, because you may not list ${formResources}: using your own settings and Lease; set --installation to its namespace to use the settings and Lease of the installation`,
      );
    }
    return own;
  }
  if (more.length > 0) {
    const names = fitting.slice(0, 10).map(installationName).join(', ');
    throw new UsageError(
      `wave-cron is installed ${fitting.length} times: ${names}; choose one with --installation NAMESPACE or NAMESPACE/NAME; ${orNone}`,
    );
  }
  const installed = await settingsOf(api, installation);
  const loaded = loadSettingsWithOrigins({ ...given, installed });
  if (chosen === undefined && installation.namespace !== leaseNamespace) {
    assertHarmless(loaded, own, installation);
  }
  const title = installationName(installation);
  const unknown = unknownSettings(installation);
  if (unknown.length > 0) {
    note.warn(
      { installation: title, unknown },
      `${unknown.join(', ')} of ${title} cannot be read from here and are ignored: set them yourself`,
    );
  }
  note.info(
    { installation: title },
    `using the settings and the Lease of ${title}; --installation none uses your own settings`,
  );
  return loaded;
}

function parseChoice(text: string): { namespace: string; name: string | undefined } {
  const [, namespace, name] = /^([a-z0-9][a-z0-9-]*)(?:\/([a-z0-9][a-z0-9.-]*))?$/.exec(text) ?? [];
  if (namespace !== undefined) return { namespace, name };
  throw new UsageError(
    `--installation is ${quote(text)}: must be the namespace of the installation, NAMESPACE/NAME if it has several, or none`,
  );
}

/** @param namespace undefined: all namespaces that may be listed */
async function look(
  api: ApiClient,
  namespace: string | undefined,
  selectors: readonly string[],
  ownNamespace = 'default',
): Promise<{ found: readonly Installation[]; isRefused: boolean }> {
  const inOne = async (where: string | undefined): Promise<Installation[] | undefined> => {
    for (const selector of selectors) {
      const found = await tryList(api, where, selector);
      if (found?.length !== 0) return found;
    }
    return [];
  };
  const first = await inOne(namespace);
  if (first !== undefined) return { found: first, isRefused: false };
  if (namespace !== undefined) return { found: [], isRefused: true };
  const lists = await Promise.all([...new Set([usualNamespace, ownNamespace])].map(inOne));
  return {
    found: lists.flatMap((list) => list ?? []),
    isRefused: lists.some((list) => list === undefined),
  };
}

/** Undefined if access is denied. */
async function tryList(
  api: ApiClient,
  namespace: string | undefined,
  selector: string,
): Promise<Installation[] | undefined> {
  try {
    return await listInstallations(api, namespace, selector);
  } catch (error) {
    if (isApiError(error, 403)) return undefined;
    // If authentication or the connection fails, the first request of the command reports it.
    if (isApiError(error, 401) || (isApiError(error) && error.status === undefined)) return [];
    const { message } = expectedError(error);
    throw new UnreachableError(
      `could not look for an installation of wave-cron: ${message}; ${orNone}`,
    );
  }
}

/**
 * Counts two installations that differ only in their kind as one: a Deployment may be replacing the
 * CronJob, or the other way round.
 */
function different(installations: readonly Installation[]): Installation[] {
  const known = new Map<string, Installation>();
  for (const each of installations) {
    const { namespace, args, env } = each;
    const { WAVE_CONFIG: file = '' } = env;
    const key = JSON.stringify([namespace, args, env, configMapKey(each, file)]);
    if (!known.has(key)) known.set(key, each);
  }
  return [...known.values()];
}

function notThere(choice: string, isRefused: boolean): UsageError | UnreachableError {
  const what = `no ${anyForm} of wave-cron was found for --installation ${choice}`;
  return isRefused
    ? new UnreachableError(`${what}: you may not list ${formResources} there; ${orNone}`)
    : new UsageError(
        `${what}: it must have the label ${labels} or ${otherLabels}, and once or schedule among its arguments`,
      );
}

async function settingsOf(api: ApiClient, installation: Installation): Promise<InstalledSettings> {
  const { args, env, namespace } = installation;
  const command = new Command().exitOverride().allowUnknownOption().allowExcessArguments();
  command.configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  addSettingFlags(command);
  command.parse(args, { from: 'user' });
  const { flags, configFile = env[configVariable] } = flagsGiven(command);
  if (configFile === undefined) return { installation, flags, file: undefined };

  const title = installationName(installation);
  const at = configMapKey(installation, configFile);
  if (at === undefined) {
    throw new UsageError(
      `the settings file ${quote(configFile)} of ${title} is not in a ${configMap.kind} and cannot be read from here; ${orNone}`,
    );
  }
  const file = { kind: configMap.kind, namespace, name: at.configMap };
  const name = `${objectTitle(file)} ${at.key}`;
  let text: string | undefined;
  try {
    text = await readConfigMapKey(api, { namespace, name: at.configMap, key: at.key });
  } catch (error) {
    const { message } = expectedError(error);
    throw new UnreachableError(`the settings of ${title} cannot be read: ${message}; ${orNone}`);
  }
  if (text === undefined) {
    throw new UsageError(
      `the settings of ${title} were not found: ${name} does not exist; ${orNone}`,
    );
  }
  return { installation, flags, file: { name, text } };
}

/**
 * Anyone who may create a CronJob can create a CronJob that looks like an installation. The command
 * would use its settings with the permissions of the caller. So settings that reach into other
 * namespaces are accepted only if the installation is in the usual namespace, or if the caller
 * chose it.
 */
function assertHarmless(
  { settings, origins }: LoadedSettings,
  own: LoadedSettings,
  installation: Installation,
): void {
  const { namespace } = installation;
  if (namespace === usualNamespace) return;
  const isTaken = (path: string): boolean =>
    origins.get(path)?.kind !== 'default' && own.origins.get(path)?.kind === 'default';
  const { crossNamespaceReferences, hashKey = '' } = settings;
  const [keyNamespace, keyName] = hashKey.split('/');
  const reaching = [
    ...(isTaken('crossNamespaceReferences') && crossNamespaceReferences.length > 0
      ? ['crossNamespaceReferences']
      : []),
    ...(isTaken('hashKey') && keyName !== undefined && keyNamespace !== namespace
      ? ['hashKey']
      : []),
  ];
  if (reaching.length === 0) return;
  throw new UsageError(
    `${installationName(installation)} sets ${reaching.join(' and ')}, which reaches into other namespaces: use --installation ${namespace} if you trust it; ${orNone}`,
  );
}
