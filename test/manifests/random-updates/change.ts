import type { Fields, KubernetesObject } from '../../../tools/control-plane/api.ts';

/** Describes the changes of an update in a few words. Updates of the same type get the same words. */
export function changeInWords(before: KubernetesObject, after: KubernetesObject): string {
  const words: string[] = [];
  const compare = (what: string, now: unknown, then: unknown): void => {
    if (JSON.stringify(now) === JSON.stringify(then)) return;
    const how = then === undefined ? 'added' : now === undefined ? 'removed' : 'changed';
    words.push(`${what} ${how}`);
  };
  const owners = ({ metadata }: KubernetesObject) =>
    new Map((metadata.ownerReferences ?? []).map((it) => [it.uid, it.kind]));
  const [now, then] = [owners(after), owners(before)];
  const kinds = (all: Map<string, string>, without: Map<string, string>) => [
    ...new Set([...all].filter(([uid]) => !without.has(uid)).map(([, kind]) => kind)),
  ];
  for (const kind of kinds(now, then).sort()) words.push(`owner ${kind} added`);
  for (const kind of kinds(then, now).sort()) words.push(`owner ${kind} removed`);

  const annotations = (what: string, now: Fields = {}, then: Fields = {}) => {
    for (const name of new Set([...Object.keys(now), ...Object.keys(then)])) {
      compare(`${what}${name.replace(/^.*\//, '')}`, now[name], then[name]);
    }
  };
  annotations('', after.metadata.annotations, before.metadata.annotations);
  annotations('template ', templateAnnotations(after), templateAnnotations(before));
  compare('finalizers', after.metadata.finalizers, before.metadata.finalizers);
  for (const name of ['holderIdentity', 'leaseDurationSeconds', 'leaseTransitions', 'renewTime']) {
    compare(name, after.spec?.[name], before.spec?.[name]);
  }
  compare('series', after['series'], before['series']);
  if (words.length > 0) return words.join(', ');
  const { managedFields } = after.metadata;
  const same = JSON.stringify(managedFields) === JSON.stringify(before.metadata['managedFields']);
  return same ? 'nothing' : 'managedFields alone';
}

function templateAnnotations({ spec }: KubernetesObject): Fields {
  const template = spec?.['template'] as { metadata?: { annotations?: Fields } } | undefined;
  return template?.metadata?.annotations ?? {};
}
