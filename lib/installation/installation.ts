import { deployment, listed } from '../kubernetes/kinds.ts';
import { objectTitle } from '../kubernetes/names.ts';
import { cronProblem } from '../schedule/cron.ts';
import { timeZoneProblem } from '../schedule/time-zone.ts';

/** The parts of an installation of wave-cron in a cluster that commands at a terminal need. */

/** The kinds of the objects that do passes. */
export const installationForms = [
  { kind: 'CronJob', group: 'batch', version: 'v1', plural: 'cronjobs' },
  deployment,
] as const;

export type InstallationKind = (typeof installationForms)[number]['kind'];

/** `CronJob or Deployment`. */
export const anyForm = listed(
  installationForms.map(({ kind }) => kind),
  'or',
);
/** The forms with their names in RBAC: `cronjobs and deployments`. */
export const formResources = listed(
  installationForms.map(({ plural }) => plural),
  'and',
);

export interface Installation {
  readonly kind: InstallationKind;
  readonly namespace: string;
  readonly name: string;
  /** The arguments after `once` or `schedule`. */
  readonly args: readonly string[];
  /** Variables with readable values. Values from a Secret are not readable. */
  readonly env: Readonly<Record<string, string>>;
  /** Names of variables whose values cannot be read from the object. */
  readonly unknownEnv: readonly string[];
  readonly mounts: readonly Mount[];
  /** The schedule on which a CronJob starts passes; absent if it is not known. */
  readonly schedule?: CronSchedule;
}

export interface CronSchedule {
  readonly schedule: string;
  readonly timeZone: string;
}

/** A mount of a whole ConfigMap, or of some keys of a ConfigMap, in the container. */
interface Mount {
  readonly path: string;
  readonly subPath: string | undefined;
  readonly configMap: string;
  /** The key of each path, if `items` maps them; undefined: all keys are mounted by name. */
  readonly items: ReadonlyMap<string, string> | undefined;
}

/** Any client may have written the object, so any field may be missing. */
export interface InstallationObject {
  readonly metadata?: { readonly namespace?: string; readonly name?: string } | null;
  readonly spec?: {
    readonly schedule?: string;
    readonly timeZone?: string | null;
    readonly template?: PodTemplate | null;
    readonly jobTemplate?: {
      readonly spec?: { readonly template?: PodTemplate | null } | null;
    } | null;
  } | null;
}
interface PodTemplate {
  readonly spec?: {
    readonly containers?: readonly Container[] | null;
    readonly volumes?: readonly Volume[] | null;
  } | null;
}
interface Container {
  readonly command?: readonly string[] | null;
  readonly args?: readonly string[] | null;
  readonly env?: readonly Variable[] | null;
  readonly volumeMounts?:
    | readonly { readonly name?: string; readonly mountPath?: string; readonly subPath?: string }[]
    | null;
}
interface Variable {
  readonly name?: string;
  readonly value?: string | null;
  readonly valueFrom?: { readonly fieldRef?: { readonly fieldPath?: string } | null } | null;
}
interface Volume {
  readonly name?: string;
  readonly configMap?: {
    readonly name?: string;
    readonly items?: readonly { readonly key?: string; readonly path?: string }[] | null;
  } | null;
}

/** Undefined if no container runs passes. */
export function installationOf(
  kind: InstallationKind,
  { metadata, spec }: InstallationObject,
): Installation | undefined {
  const { namespace, name } = metadata ?? {};
  const template = spec?.jobTemplate?.spec?.template ?? spec?.template;
  if (namespace === undefined || name === undefined) return undefined;
  for (const container of template?.spec?.containers ?? []) {
    const words = [...(container.command ?? []), ...(container.args ?? [])].map(String);
    const at = words.findIndex((word) => word === 'once' || word === 'schedule');
    if (at === -1) continue;
    const { env, unknownEnv } = variablesOf(container.env ?? [], namespace);
    return {
      ...{ kind, namespace, name, env, unknownEnv },
      args: words.slice(at + 1).map((word) => expanded(word, env)),
      mounts: mountsOf(container, template?.spec?.volumes ?? []),
      ...scheduleOf(spec),
    };
  }
  return undefined;
}

function scheduleOf(spec: InstallationObject['spec']): Pick<Installation, 'schedule'> {
  const { schedule, timeZone } = spec ?? {};
  // If the CronJob has no time zone, the time zone of the controller manager counts, which is not
  // known.
  if (typeof schedule !== 'string' || typeof timeZone !== 'string') return {};
  const isValid = timeZoneProblem(timeZone) === undefined && cronProblem(schedule) === undefined;
  return isValid ? { schedule: { schedule, timeZone } } : {};
}

/** The name of an installation for messages: `CronJob wave-cron/wave-cron`. */
export function installationName(installation: Installation): string {
  return objectTitle(installation);
}

/** The key of a ConfigMap that provides this file of the container; undefined if there is none. */
export function configMapKey(
  { mounts }: Installation,
  file: string,
): { readonly configMap: string; readonly key: string } | undefined {
  const inMount = ({ path, subPath }: Mount): string | undefined => {
    if (subPath !== undefined) return file === path ? subPath : undefined;
    const folder = path.replace(/\/*$/, '/');
    return file.startsWith(folder) ? file.slice(folder.length) : undefined;
  };
  const [mount] = mounts
    .filter((each) => inMount(each) !== undefined)
    .sort((a, b) => b.path.length - a.path.length);
  if (mount === undefined) return undefined;
  const { configMap, items } = mount;
  const path = inMount(mount) ?? '';
  const key = items === undefined ? path : items.get(path);
  return key === undefined ? undefined : { configMap, key };
}

function variablesOf(variables: readonly Variable[], namespace: string) {
  const env: Record<string, string> = {};
  const unknownEnv: string[] = [];
  for (const { name, value, valueFrom } of variables) {
    if (name === undefined) continue;
    if (valueFrom == null) env[name] = expanded(value ?? '', env);
    else if (valueFrom.fieldRef?.fieldPath === 'metadata.namespace') env[name] = namespace;
    else unknownEnv.push(name);
  }
  return { env, unknownEnv };
}

/** Expands references to earlier variables, like the kubelet. */
function expanded(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\$|\$\(([\w.-]+)\)/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (env[name] ?? whole),
  );
}

function mountsOf({ volumeMounts }: Container, volumes: readonly Volume[]): Mount[] {
  return (volumeMounts ?? []).flatMap(({ name, mountPath: path, subPath }) => {
    const configMap = volumes.find((volume) => volume.name === name)?.configMap;
    if (path === undefined || configMap?.name === undefined) return [];
    const items = configMap.items?.map((item) => [item.path ?? '', item.key ?? ''] as const);
    return [
      {
        ...{ path, subPath: subPath || undefined, configMap: configMap.name },
        items: items === undefined ? undefined : new Map(items),
      },
    ];
  });
}
