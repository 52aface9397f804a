/** The data of ConfigMaps and Secrets for variables and volumes of a Pod: bytes by key. */
import { type Api, type KubernetesObject, path } from '../control-plane/api.ts';

export type SourceKind = 'ConfigMap' | 'Secret';

export type SourceReader = (
  kind: SourceKind,
  name: string,
) => Promise<ReadonlyMap<string, Buffer> | undefined>;

/** Reads sources of one namespace, without a cache. Undefined if the object does not exist. */
export function sourceReader(api: Api, namespace: string): SourceReader {
  return async (kind, name) => {
    const object = await api.find(path(kind, namespace, name));
    return object === undefined ? undefined : bytesOf(object, kind);
  };
}

export function bytesOf({ data = {}, binaryData = {} }: KubernetesObject, kind: SourceKind) {
  const encoding = kind === 'Secret' ? 'base64' : 'utf8';
  const text = Object.entries(data).map(
    ([key, value]) => [key, Buffer.from(value, encoding)] as const,
  );
  const binary = Object.entries(binaryData).map(
    ([key, value]) => [key, Buffer.from(value, 'base64')] as const,
  );
  return new Map([...text, ...binary]);
}
