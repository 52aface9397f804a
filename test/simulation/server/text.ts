/** Objects, lists and errors as the text of a response. */
import { type JsonMap, mapOf, withField } from './json.ts';
import { apiVersionOf, type Resource } from './resource.ts';
import type { Part } from './route.ts';
import type { StatusBody } from './status.ts';

const texts = new WeakMap<JsonMap, string>();
const metadataTexts = new WeakMap<JsonMap, string>();

/**
 * The JSON of an object without apiVersion and kind, as in a list. Stored objects never change, so the
 * text is cached.
 */
function plainText(object: JsonMap): string {
  let text = texts.get(object);
  if (text === undefined) {
    const { metadata, ...others } = object;
    text = JSON.stringify({ metadata, ...others });
    texts.set(object, text);
  }
  return text;
}

function metadataText({ hiddenAnnotation }: Resource, object: JsonMap): string {
  const metadata = mapOf(object['metadata']);
  let text = metadataTexts.get(metadata);
  if (text === undefined) {
    text = `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${JSON.stringify(shown(metadata, hiddenAnnotation))}}`;
    metadataTexts.set(metadata, text);
  }
  return text;
}

function shown(metadata: JsonMap, hidden: string | undefined): JsonMap {
  const all = metadata['annotations'];
  if (hidden === undefined || all === undefined) return metadata;
  const { [hidden]: _, ...annotations } = mapOf(all);
  const hasOthers = Object.keys(annotations).length > 0;
  return withField(metadata, 'annotations', hasOthers ? (annotations as JsonMap) : undefined);
}

export function objectText(resource: Resource, object: JsonMap, part: Part): string {
  if (part === 'metadata') return metadataText(resource, object);
  const head = `{"kind":"${resource.kind}","apiVersion":"${apiVersionOf(resource)}",`;
  return `${head}${plainText(object).slice(1)}`;
}

export function listText(
  resource: Resource,
  metadata: JsonMap,
  items: readonly JsonMap[],
  part: Part,
): string {
  const [kind, apiVersion] =
    part === 'metadata'
      ? ['PartialObjectMetadataList', 'meta.k8s.io/v1']
      : [`${resource.kind}List`, apiVersionOf(resource)];
  const texts = items.map((each) =>
    part === 'metadata' ? metadataText(resource, each) : plainText(each),
  );
  const all = part === 'metadata' && items.length === 0 ? 'null' : `[${texts.join(',')}]`;
  return `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":${all}}`;
}

export function statusText({ code, reason, message, details, metadata = {} }: StatusBody): string {
  return JSON.stringify({
    ...{ kind: 'Status', apiVersion: 'v1', metadata, status: 'Failure', message },
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code,
  });
}
