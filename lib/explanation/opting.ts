import {
  podTemplateOf,
  sourceKinds,
  type WorkloadKind,
  workloadEntry,
} from '../kubernetes/kinds.ts';
import type { WorkloadObject } from '../kubernetes/objects.ts';
import type { AnnotationKeys } from '../rules/annotations.ts';
import type { OptIn } from '../rules/opt-in.ts';
import { withoutEffect } from '../rules/reloader.ts';
import type { OptInMode } from '../settings/schema.ts';
import { nearest } from '../text/nearest.ts';
import { quote } from '../text/quote.ts';
import type { Verdict } from './explanation.ts';

/**
 * Whether the workload opted in, and why or why not. This includes annotations that look like a
 * mistake: a wrong place, prefix or spelling.
 */
export function optedInBy(
  optIn: OptIn,
  kind: WorkloadKind,
  object: WorkloadObject,
  { keys: annotationKeys, mode }: { readonly keys: AnnotationKeys; readonly mode: OptInMode },
): Verdict {
  const { metadata } = object;
  const { namespace } = metadata ?? {};
  const name = annotationKeys.updateOnConfigChange;
  const template = podTemplateOf(workloadEntry(kind), object);
  const onTemplate = template.metadata?.annotations ?? {};
  const misplaced = ownersAnnotations(annotationKeys)
    .filter((each) => onTemplate[each] !== undefined)
    .map(
      (each) =>
        `annotation ${each} is on the pod template, where it has no effect: move it to metadata.annotations of the ${kind}`,
    );
  if (optIn.kind === 'refused') return { yes: false, why: [optIn.why, ...misplaced] };
  if (optIn.kind === 'on') {
    const by = [
      ...(optIn.by === 'namespace'
        ? [
            `annotation ${name} of namespace ${namespace} is "true", with the setting optIn: namespace`,
          ]
        : []),
      ...(optIn.by === 'setting' ? ['the setting optIn is all'] : []),
      ...(optIn.own && optIn.by === undefined ? [`annotation ${name} is "true"`] : []),
      ...(optIn.reloader && optIn.by === undefined
        ? ['annotations of Reloader opt it in, with the setting compatibility']
        : []),
    ];
    return { yes: true, why: [...by, ...misplaced] };
  }
  const annotations = metadata?.annotations ?? {};
  const value = annotations[name];
  if (value !== undefined) {
    return { yes: false, why: [`annotation ${name} is ${quote(value)}`, ...misplaced] };
  }
  if (optIn.why !== undefined) return { yes: false, why: [optIn.why, ...misplaced] };
  const near = nearMisses(annotations, metadata?.labels ?? {}, annotationKeys);
  const without = {
    annotation: `it has no annotation ${name}: "true"`,
    namespace: `neither it nor namespace ${namespace} has the annotation ${name}: "true"`,
    all: `it has no annotation ${name}: "true", and optIn: all does not include namespace ${namespace} unless the setting namespaces names it`,
  } satisfies Record<OptInMode, string>;
  return { yes: false, why: [without[mode], ...misplaced, ...near] };
}

/** The annotations that owners set on a workload. */
function ownersAnnotations(annotationKeys: AnnotationKeys): string[] {
  return [
    annotationKeys.updateOnConfigChange,
    ...sourceKinds.map((kind) => annotationKeys[`extra${kind}s`]),
    ...sourceKinds.map((kind) => annotationKeys[`ignore${kind}s`]),
    annotationKeys.ignoreSecretProviderClasses,
    annotationKeys.adoption,
  ];
}

function nearMisses(
  annotations: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
  annotationKeys: AnnotationKeys,
): string[] {
  const name = annotationKeys.updateOnConfigChange;
  if (labels[name] !== undefined) {
    return [`label ${name} has no effect: it must be an annotation`];
  }
  const suffix = name.slice(name.lastIndexOf('/'));
  const keys = Object.keys(annotations);
  const near = keys.find((key) => key.endsWith(suffix)) ?? nearest(name, keys);
  if (near !== undefined) {
    return [`annotation ${quote(near)} looks similar, but the name must be ${name}`];
  }
  const unsupported = annotationKeys.compatibility.includes('reloader')
    ? withoutEffect(annotations, annotationKeys.sourceKinds)
    : undefined;
  if (unsupported !== undefined) return [unsupported];
  const reloaders = keys.find((key) => /(^|\.)reloader\.stakater\.com\//.test(key));
  return reloaders === undefined || annotationKeys.compatibility.includes('reloader')
    ? []
    : [
        `annotation ${quote(reloaders)} has an effect only if the setting compatibility includes reloader`,
      ];
}
