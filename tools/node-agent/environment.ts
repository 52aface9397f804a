/**
 * The variables of a container: first those of the image, then `envFrom`, then `env`. A variable in
 * `env` may refer to earlier ones.
 */
import { fieldValue, type Placement, resourceValue } from './downward.ts';
import { ContainerConfigError } from './errors.ts';
import { defaultPath, type Image } from './images.ts';
import type { Container, EnvFrom, EnvVariable, KeyReference, Pod } from './pod.ts';
import type { SourceKind, SourceReader } from './sources.ts';

export type EnvironmentOptions = {
  pod: Pod;
  container: Container;
  image: Image;
  placement: Placement;
  /** The variables with the address of the API server. */
  apiServer: { host: string; port: string };
  read: SourceReader;
};

/** Throws ContainerConfigError if a required source or key of a variable is missing. */
export async function environmentOf(options: EnvironmentOptions): Promise<Map<string, string>> {
  const { pod, container, image, apiServer, read } = options;
  const variables = new Map<string, string>([
    ['PATH', defaultPath],
    ['HOSTNAME', pod.spec.hostname ?? pod.metadata.name],
    ...Object.entries(image.env ?? {}),
    ['KUBERNETES_SERVICE_HOST', apiServer.host],
    ['KUBERNETES_SERVICE_PORT', apiServer.port],
    ['KUBERNETES_SERVICE_PORT_HTTPS', apiServer.port],
  ]);
  for (const from of container.envFrom ?? []) {
    for (const [name, value] of await variablesFrom(from, read)) variables.set(name, value);
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, options);
    if (value !== undefined) variables.set(variable.name, expand(value, variables));
  }
  return variables;
}

/**
 * Replaces `$(NAME)` with the value of the variable, and `$$` with a dollar sign. Unknown names
 * stay unchanged.
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (match: string, name?: string) =>
    name === undefined ? '$' : (variables.get(name) ?? match),
  );
}

async function variablesFrom(
  { prefix = '', configMapRef, secretRef }: EnvFrom,
  read: SourceReader,
): Promise<[string, string][]> {
  const reference = configMapRef ?? secretRef;
  if (reference === undefined) return [];
  const kind = configMapRef ? 'ConfigMap' : 'Secret';
  const source = await read(kind, reference.name);
  if (source === undefined && !reference.optional) throw notFound(kind, reference.name);
  return [...(source ?? [])].map(([key, value]) => [`${prefix}${key}`, value.toString()]);
}

async function variableValue(
  { name, value, valueFrom }: EnvVariable,
  { pod, container, placement, read }: EnvironmentOptions,
): Promise<string | undefined> {
  if (valueFrom === undefined) return value ?? '';
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return fieldValue(fieldRef, pod, placement);
  if (resourceFieldRef) return resourceValue(resourceFieldRef, container);
  if (configMapKeyRef) return keyOf('ConfigMap', configMapKeyRef, read);
  if (secretKeyRef) return keyOf('Secret', secretKeyRef, read);
  throw new ContainerConfigError(`the node agent does not know the valueFrom of variable ${name}`);
}

async function keyOf(
  kind: SourceKind,
  { name, key, optional = false }: KeyReference,
  read: SourceReader,
): Promise<string | undefined> {
  const source = await read(kind, name);
  const value = source?.get(key);
  if (value !== undefined || optional) return value?.toString();
  if (source === undefined) throw notFound(kind, name);
  throw new ContainerConfigError(`couldn't find key ${key} in ${kind} ${name}`);
}

const notFound = (kind: SourceKind, name: string) =>
  new ContainerConfigError(`${kind.toLowerCase()} "${name}" not found`);
