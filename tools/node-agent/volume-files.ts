/** The files of a volume by path. Their content comes from the API and from the Pod. */
import { fieldValue, type Placement, resourceValue } from './downward.ts';
import { VolumeError } from './errors.ts';
import type { DownwardFile, KeyToPath, Pod, Projection, SourceReference, Volume } from './pod.ts';
import type { SourceKind, SourceReader } from './sources.ts';

export type VolumeFile = {
  content: Buffer;
  mode: number;
  /** Whether the file is a token. If the user of the container is known, only that user can read it. */
  isToken: boolean;
};

export type VolumeFiles = Map<string, VolumeFile>;

export type VolumeDeps = {
  pod: Pod;
  placement: Placement;
  read: SourceReader;
  token(projection: { audience?: string; expirationSeconds?: number }): Promise<string>;
};

const defaultFileMode = 0o644;

/**
 * The files of a volume; undefined for an emptyDir, which starts empty. Throws VolumeError if a
 * source or key is missing, or if this kind of volume needs a real node.
 */
export async function volumeFiles(
  volume: Volume,
  deps: VolumeDeps,
): Promise<VolumeFiles | undefined> {
  const { emptyDir, configMap, secret, downwardAPI, projected } = volume;
  if (emptyDir) return undefined;
  const { defaultMode: mode = defaultFileMode } =
    configMap ?? secret ?? downwardAPI ?? projected ?? {};
  if (configMap) return project([{ configMap }], mode, deps);
  if (secret) return project([{ secret: { ...secret, name: secret.secretName } }], mode, deps);
  if (downwardAPI) return project([{ downwardAPI }], mode, deps);
  if (projected) return project(projected.sources, mode, deps);
  const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'nothing';
  throw new VolumeError(
    `volume ${volume.name} is of kind ${kind}, which the node agent for tests does not have`,
  );
}

async function project(
  sources: readonly Projection[],
  mode: number,
  deps: VolumeDeps,
): Promise<VolumeFiles> {
  const files: VolumeFiles = new Map();
  for (const source of sources) {
    for (const [path, file] of await filesOf(source, mode, deps)) files.set(path, file);
  }
  return files;
}

async function filesOf(
  { configMap, secret, downwardAPI, serviceAccountToken, ...unknown }: Projection,
  mode: number,
  deps: VolumeDeps,
): Promise<VolumeFiles> {
  if (configMap) return keys('ConfigMap', configMap, mode, deps.read);
  if (secret) return keys('Secret', secret, mode, deps.read);
  if (downwardAPI) return downwardFiles(downwardAPI.items ?? [], mode, deps);
  if (serviceAccountToken) {
    const content = Buffer.from(await deps.token(serviceAccountToken));
    return new Map([[serviceAccountToken.path, { content, mode: 0o600, isToken: true }]]);
  }
  const kinds = Object.keys(unknown).join(', ');
  throw new VolumeError(`the node agent for tests cannot project ${kinds || 'nothing'}`);
}

async function keys(
  kind: SourceKind,
  { name, optional = false, items }: SourceReference & { items?: KeyToPath[] },
  defaultMode: number,
  read: SourceReader,
): Promise<VolumeFiles> {
  const source = await read(kind, name);
  if (source === undefined && !optional)
    throw new VolumeError(`${kind.toLowerCase()} "${name}" not found`);
  const wanted: KeyToPath[] =
    items ?? [...(source?.keys() ?? [])].map((key) => ({ key, path: key }));
  const files: VolumeFiles = new Map();
  for (const { key, path, mode = defaultMode } of wanted) {
    const content = source?.get(key);
    if (content !== undefined) files.set(path, { content, mode, isToken: false });
    else if (!optional) throw new VolumeError(`${kind} ${name} has no key ${key}`);
  }
  return files;
}

function downwardFiles(
  items: readonly DownwardFile[],
  defaultMode: number,
  { pod, placement }: VolumeDeps,
): VolumeFiles {
  const contentOf = ({ path, fieldRef, resourceFieldRef }: DownwardFile) => {
    if (fieldRef) return fieldValue(fieldRef, pod, placement);
    const name = resourceFieldRef?.containerName;
    const container = pod.spec.containers.find((it) => it.name === name);
    if (resourceFieldRef && container) return resourceValue(resourceFieldRef, container);
    throw new VolumeError(`the downward API file ${path} refers to nothing`);
  };
  return new Map(
    items.map((item) => [
      item.path,
      { content: Buffer.from(contentOf(item)), mode: item.mode ?? defaultMode, isToken: false },
    ]),
  );
}
